package gate

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"sync/atomic"
)

// shard keeps a part of the people, in some 60 bytes each with an id of sixteen.
// One goroutine writes at a time; readers wait for nobody and try nothing twice,
// because what they can reach is never written again.
type shard struct{ now atomic.Pointer[table] }

// table is an index, and the places it leads to, one behind the other. A change
// writes a new place and then the slot of the index. When there is no room left,
// what still counts moves into a new table. None of it holds a pointer, so that
// millions of people are nothing to the garbage collector.
//
// The index is a hash table with linear probing. A slot says where a place
// begins, in words; its upper bits, which are not needed for that, are those of
// the person's hash and spare a look at nearly all places of other people.
type table struct {
	seed   maphash.Seed
	slots  []atomic.Uint32 // 0: empty
	places []byte
	low    uint // bits of a slot that say where a place begins
	taken  int  // slots
	end    int  // of the places
	people int  // who have not left
	live   int  // bytes of their places
}

// A place is these, the person's id, and what few people have besides: how long
// reminders are silent, and the clocks of several positions.
const (
	atRevision = 0
	atSince    = 8
	atNext     = 16
	atProfile  = 24 // its number; that of the default one: the person has left
	atLength   = 28 // of the id, in bytes
	atBesides  = 30 // how many words there are behind the id
	atID       = 32

	word     = 8         // places begin and end at whole ones
	clockLen = 3 * word  // of one position's clock
	few      = 16        // people that there is always room for
	lean     = 8         // room is for an eighth more than there is
	hasty    = 2         // for half as much more while loading, so as to move less often
	roomFor  = few * 128 // bytes of their places
)

type place []byte

// clocks are those of several positions.
type clocks place

func (c clocks) at(position int) Clock {
	p := place(c[position*clockLen:])
	return Clock{p.instant(0), p.instant(word), p.instant(2 * word)}
}

func clocksOf(list []Clock) clocks {
	var c clocks
	for _, one := range list {
		for _, at := range [...]int64{one.Since, one.NextAt, one.Quiet} {
			c = binary.LittleEndian.AppendUint64(c, uint64(at))
		}
	}
	return c
}

func (p place) word(at int) uint64   { return binary.LittleEndian.Uint64(p[at:]) }
func (p place) instant(at int) int64 { return int64(p.word(at)) }
func (p place) profile() uint32      { return binary.LittleEndian.Uint32(p[atProfile:]) }
func (p place) id() []byte {
	return p[atID : atID+int(binary.LittleEndian.Uint16(p[atLength:]))]
}

// besides is what stands behind the id, nil for most people.
func (p place) besides() place {
	size := word * int(binary.LittleEndian.Uint16(p[atBesides:]))
	if size == 0 {
		return nil
	}
	begin := whole(atID + int(binary.LittleEndian.Uint16(p[atLength:])))
	return p[begin : begin+size]
}

func (p place) size() int { return whole(atID+len(p.id())) + len(p.besides()) }

// whole rounds up to whole words.
func whole(size int) int { return (size + word - 1) &^ (word - 1) }

// placeOf writes a place: what is behind the id is one word and the clocks, or
// nothing.
func placeOf(person string, e Entry) place {
	besides := 0
	if e.Quiet != 0 || e.clocks != nil {
		besides = word + len(e.clocks)
	}
	begin := whole(atID + len(person))
	p := make(place, begin+besides)
	binary.LittleEndian.PutUint64(p[atRevision:], e.Revision)
	binary.LittleEndian.PutUint64(p[atSince:], uint64(e.Since))
	binary.LittleEndian.PutUint64(p[atNext:], uint64(e.NextAt))
	binary.LittleEndian.PutUint32(p[atProfile:], e.Profile.number)
	binary.LittleEndian.PutUint16(p[atLength:], uint16(len(person)))
	binary.LittleEndian.PutUint16(p[atBesides:], uint16(besides/word))
	copy(p[atID:], person)
	if besides > 0 {
		binary.LittleEndian.PutUint64(p[begin:], uint64(e.Quiet))
		copy(p[begin+word:], e.clocks)
	}
	return p
}

// newTable has room for somebody's place and, beside what is live already, for
// one part in so many more.
func newTable(seed maphash.Seed, people, live, size, spare int) *table {
	people += people/spare + few
	room := whole(word + live + live/spare + roomFor + size)
	return &table{
		seed: seed, slots: make([]atomic.Uint32, people+people/3), places: make([]byte, room),
		low: uint(bits.Len(uint(room / word))), end: word, // nothing begins at 0
	}
}

// home is the slot in which somebody is looked for first; whose shard it is is
// said by other bits.
func (t *table) home(hash uint64) int {
	return int(uint64(uint32(hash>>8)) * uint64(len(t.slots)) >> 32)
}

// find returns somebody's slot and place, or the slot that is free for them.
func (t *table) find(person string, hash uint64) (int, place) {
	for i := t.home(hash); ; {
		slot := t.slots[i].Load()
		if slot == 0 {
			return i, nil
		}
		if (slot^uint32(hash>>32))>>t.low == 0 {
			if p := t.at(slot); string(p.id()) == person {
				return i, p
			}
		}
		if i++; i == len(t.slots) {
			i = 0
		}
	}
}

func (t *table) at(slot uint32) place {
	return t.places[word*int(slot&(1<<t.low-1)):]
}

// add lets a slot lead to a new place, for which there is room.
func (t *table) add(i int, hash uint64, p place) {
	begin := t.end
	t.end += copy(t.places[begin:], p)
	t.slots[i].Store(uint32(hash>>32)>>t.low<<t.low | uint32(begin/word))
}

// get returns somebody's place; nil for one whom it does not know.
func (s *shard) get(person string, hash uint64) place {
	t := s.now.Load()
	if t == nil {
		return nil
	}
	if _, p := t.find(person, hash); p != nil && p.profile() != 0 {
		return p
	}
	return nil
}

// put gives somebody another place, and returns by how many people there are
// more.
func (s *shard) put(seed maphash.Seed, person string, hash uint64, p place, spare int) int {
	t := s.now.Load()
	full := t == nil || t.end+len(p) > len(t.places) || 4*(t.taken+1) > 3*len(t.slots)
	if full {
		t = t.renewed(seed, len(p), spare)
	}
	i, old := t.find(person, hash)
	before := t.people
	switch {
	case old == nil:
		t.taken++
	case old.profile() != 0:
		t.people, t.live = t.people-1, t.live-old.size()
	}
	if p.profile() != 0 {
		t.people, t.live = t.people+1, t.live+len(p)
	}
	if t.add(i, hash, p); full {
		s.now.Store(t)
	}
	return t.people - before
}

// spare is by which part a table grows.
func (g *Gate) spare() int {
	if g.loaded.Load() {
		return lean
	}
	return hasty
}

// trim gives back the room that only loading needed.
func (g *Gate) trim() {
	for i := range g.shards {
		if t := g.shards[i].now.Load(); t != nil {
			g.shards[i].now.Store(t.renewed(g.seed, 0, lean))
		}
	}
}

// renewed is a table with what still counts, and with room for something else.
func (t *table) renewed(seed maphash.Seed, size, spare int) *table {
	if t == nil {
		return newTable(seed, 0, 0, size, spare)
	}
	next := newTable(t.seed, t.people, t.live, size, spare)
	t.each(func(p place) {
		hash := maphash.Bytes(t.seed, p.id())
		i := next.home(hash)
		for next.slots[i].Load() != 0 {
			if i++; i == len(next.slots) {
				i = 0
			}
		}
		next.add(i, hash, p)
	})
	next.taken, next.people, next.live = t.people, t.people, t.live
	return next
}

// each calls visit with everybody's place.
func (t *table) each(visit func(place)) {
	for i := range t.slots {
		slot := t.slots[i].Load()
		if slot == 0 {
			continue
		}
		if p := t.at(slot); p.profile() != 0 {
			visit(p[:p.size()])
		}
	}
}
