package templates

import (
	"slices"
	"strconv"
)

// alike is the share of words that two blocks must have in common to be shown as one that changed.
const alike = 0.45

// cells bounds the work on a stretch that was rewritten as a whole: beyond so many pairs nothing in it is paired.
const cells = 250_000

// resemble pairs the blocks of a stretch in which none read alike, in order, so that the resemblance of all pairs
// together is greatest. What resembles nothing stands alone, what went before what came.
func resemble(gone, come []*block) []pair {
	if len(gone) == 0 || len(come) == 0 || len(gone)*len(come) > cells {
		return apart(gone, come)
	}
	likeness := likenesses(gone, come)
	n, m := len(gone), len(come)
	best := make([][]float64, n+1) // best[i][j]: of what is left from block i and j on
	for i := range best {
		best[i] = make([]float64, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if likeness[i][j] > 0 {
				best[i][j] = max(best[i][j], best[i+1][j+1]+likeness[i][j])
			}
		}
	}
	var out []pair
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case i < n && j < m && likeness[i][j] > 0 && best[i][j] == best[i+1][j+1]+likeness[i][j]:
			out = append(out, pair{gone[i], come[j]})
			i, j = i+1, j+1
		case i < n && (j == m || best[i][j] == best[i+1][j]):
			out = append(out, pair{before: gone[i]})
			i++
		default:
			out = append(out, pair{after: come[j]})
			j++
		}
	}
	return out
}

func apart(gone, come []*block) []pair {
	var out []pair
	for _, b := range gone {
		out = append(out, pair{before: b})
	}
	for _, b := range come {
		out = append(out, pair{after: b})
	}
	return out
}

// likenesses is, for each pair, the share of words in common, 0 when it is too small or the kinds differ.
func likenesses(gone, come []*block) [][]float64 {
	ids := map[string]int{}
	bags := func(blocks []*block) [][]int {
		all := make([][]int, len(blocks))
		for i, b := range blocks {
			for _, w := range b.words {
				if isMark([]rune(w.text)[0]) || w.text == "." {
					continue // marks are in every sentence
				}
				id, ok := ids[w.text]
				if !ok {
					id = len(ids)
					ids[w.text] = id
				}
				all[i] = append(all[i], id)
			}
			slices.Sort(all[i])
		}
		return all
	}
	left, right := bags(gone), bags(come)
	out := make([][]float64, len(gone))
	for i := range gone {
		out[i] = make([]float64, len(come))
		for j := range come {
			if share := 2 * float64(common(left[i], right[j])) / float64(len(left[i])+len(right[j])); share >= alike && (gone[i].kind == heading) == (come[j].kind == heading) {
				out[i][j] = share
			}
		}
	}
	return out
}

// common counts what two sorted bags share.
func common(a, b []int) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

func idOf(n int) string { return "c-" + strconv.Itoa(n) }
