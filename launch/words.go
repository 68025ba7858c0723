package launch

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// pressure are words that hurry or frighten people, by language, in lower case.
func pressure() []string {
	return []string{
		"last chance", "final chance", "act now", "hurry", "don't miss", "don’t miss", "you will lose everything", "lose everything", "before it is too late", "before it's too late", "only a few days left", "are you sure you want to",
		"dernière chance", "dépêchez-vous", "agissez maintenant", "ne manquez pas", "vous perdrez tout", "avant qu’il ne soit trop tard", "avant qu'il ne soit trop tard",
		"última oportunidad", "dese prisa", "actúe ahora", "actúa ahora", "no se pierda", "lo perderá todo", "perderás todo", "antes de que sea tarde",
		"última chance", "última oportunidade", "aja agora", "não perca", "você perderá tudo", "antes que seja tarde",
		"الفرصة الأخيرة", "فرصتك الأخيرة", "لا تفوت", "ستفقد كل شيء", "قبل فوات الأوان",
		"आखिरी मौका", "अंतिम मौका", "जल्दी करें", "अभी करें", "मौका न चूकें", "सब कुछ खो देंगे", "इससे पहले कि बहुत देर हो जाए",
	}
}

// pressing lists the words of pressure in a text, each as whole words.
func pressing(of string) []string {
	var out []string
	words := " " + strings.Join(strings.FieldsFunc(strings.ToLower(of), func(r rune) bool {
		return strings.ContainsRune(" \t\r\n.,;:!?()[]«»“”\"*_–—।،؟", r)
	}), " ") + " "
	for _, phrase := range pressure() {
		if strings.Contains(words, " "+phrase+" ") {
			out = append(out, phrase)
		}
	}
	return out
}

// Bounds of what can be read easily.
const (
	longSentence = 25 // words, on average
	hardText     = 55 // LIX; newspapers have about 45
	longWord     = 6  // letters; longer ones are long
)

// readingEase shows for every summary how easy it is to read, and warns of those that are not.
func (j *judge) readingEase() {
	for _, t := range j.Texts {
		e, ok := measure(t.Summary)
		if !ok {
			continue
		}
		severity, words := Notes, fmt.Sprintf("The summary of %s has %.0f words to a sentence", t.Document, e.sentence)
		if e.lix > 0 {
			words += fmt.Sprintf(", and a readability index (LIX) of %.0f", e.lix)
		}
		if e.sentence > longSentence || e.lix > hardText {
			severity = Warns
			words += ", which is hard to read"
		}
		j.find(severity, mendText(t), t.Locale, words+".")
	}
}

// ease is how a text reads. The index of long words (LIX) is of languages in Latin script; 0: not known.
type ease struct{ sentence, lix float64 }

var (
	markdownItem  = regexp.MustCompile(`(?m)^\s*[-*] `)
	markdownMarks = regexp.MustCompile(`\]\([^)]*\)|[*_\[\]#>]`)
	sentenceEnd   = regexp.MustCompile(`[.!?:؟।]+(\s|$)|\n\s*\n`)
	latin         = regexp.MustCompile(`^\p{Latin}`)
)

// measure counts the words and sentences of Markdown; not ok where there are none.
func measure(markdown string) (ease, bool) {
	words, long, latins, sentences := 0, 0, 0, 0
	plain := markdownMarks.ReplaceAllString(markdownItem.ReplaceAllString(markdown, "\n\n"), "")
	for _, sentence := range sentenceEnd.Split(plain, -1) {
		fields := strings.Fields(sentence)
		if len(fields) == 0 {
			continue
		}
		sentences++
		for _, word := range fields {
			words++
			if latin.MatchString(word) {
				latins++
			}
			if utf8.RuneCountInString(strings.Trim(word, ".,;:!?()«»“”\"’'")) > longWord {
				long++
			}
		}
	}
	if words == 0 {
		return ease{}, false
	}
	e := ease{sentence: float64(words) / float64(sentences)}
	if latins > words/2 {
		e.lix = e.sentence + 100*float64(long)/float64(words)
	}
	return e, true
}
