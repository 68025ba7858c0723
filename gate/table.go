package gate

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
)

// shard keeps a part of the people, in some 60 bytes each with an id of sixteen:
// a record, the id, and their place in the index. None of it holds a pointer, so
// that millions of people are nothing to the garbage collector.
//
// The index is a hash table with linear probing. A tag of seven bits beside each
// slot spares a look at most records of other people.
type shard struct {
	mu      sync.RWMutex
	seed    maphash.Seed
	tags    []uint8  // 0: the slot is empty
	slots   []uint32 // numbers of records
	people  int
	records pages
	free    []uint32 // numbers of records nobody has
	names   names
	besides map[uint32]besides // by number of a record
}

// record is what everybody has.
type record struct {
	revision uint64
	since    int64
	nextAt   int64
	profile  uint32 // its number
	name     uint32 // where the id is; 0: nobody has the record
}

// besides is what few people have.
type besides struct {
	quiet  int64
	clocks []Clock
}

const (
	pageRecords = 256
	pageNames   = 4096 // bytes, at least
	fewSlots    = 16
)

// pages are records by number, which never move.
type pages [][]record

func (p pages) at(n uint32) *record { return &p[n/pageRecords][n%pageRecords] }

// names are ids one after the other, each with its length before it.
type names struct {
	pages [][]byte
	waste int // bytes of ids that nobody has any more
}

const nameHeader = 2 // bytes of an id's length

func (n *names) add(name string) uint32 {
	last := len(n.pages) - 1
	if last < 0 || len(n.pages[last])+nameHeader+len(name) > cap(n.pages[last]) {
		page := make([]byte, 0, max(pageNames, nameHeader+len(name)))
		if last < 0 {
			page = append(page, 0, 0) // so that nobody's id is at 0
		}
		n.pages = append(n.pages, page)
		last++
		if len(page)+nameHeader+len(name) > cap(page) { // a first id as long as a page
			return n.add(name)
		}
	}
	page := n.pages[last]
	at := uint32(last*pageNames + len(page))
	page = append(binary.LittleEndian.AppendUint16(page, uint16(len(name))), name...)
	n.pages[last] = page
	return at
}

func (n *names) at(place uint32) []byte {
	page := n.pages[place/pageNames][place%pageNames:]
	size := binary.LittleEndian.Uint16(page)
	return page[nameHeader : nameHeader+int(size)]
}

// home is the slot in which somebody is looked for first; whose shard it is is
// said by other bits.
func (s *shard) home(hash uint64) int {
	return int(uint64(uint32(hash>>8)) * uint64(len(s.slots)) >> 32)
}

func tagOf(hash uint64) uint8 { return uint8(hash>>57) + 1 }

// find returns somebody's slot, or the one that is free for them.
func (s *shard) find(person string, hash uint64) (int, bool) {
	tag := tagOf(hash)
	for i := s.home(hash); ; {
		switch s.tags[i] {
		case 0:
			return i, false
		case tag:
			if string(s.names.at(s.records.at(s.slots[i]).name)) == person {
				return i, true
			}
		}
		if i++; i == len(s.tags) {
			i = 0
		}
	}
}

// get returns what is kept of somebody.
func (s *shard) get(person string, hash uint64) (record, besides, bool) {
	if s.people == 0 {
		return record{}, besides{}, false
	}
	i, known := s.find(person, hash)
	if !known {
		return record{}, besides{}, false
	}
	n := s.slots[i]
	if s.besides == nil {
		return *s.records.at(n), besides{}, true
	}
	return *s.records.at(n), s.besides[n], true
}

// put keeps something of somebody, but for the name in it.
func (s *shard) put(person string, hash uint64, r record, b besides) {
	if 4*(s.people+1) > 3*len(s.slots) {
		s.grow()
	}
	i, known := s.find(person, hash)
	if !known {
		s.tags[i], s.slots[i] = tagOf(hash), s.take()
		s.people++
		r.name = s.names.add(person)
	} else {
		r.name = s.records.at(s.slots[i]).name
	}
	n := s.slots[i]
	*s.records.at(n) = r
	if b.quiet == 0 && b.clocks == nil {
		delete(s.besides, n)
		return
	}
	if s.besides == nil {
		s.besides = map[uint32]besides{}
	}
	s.besides[n] = b
}

// take returns a record that nobody has.
func (s *shard) take() uint32 {
	if len(s.free) == 0 {
		first := uint32(len(s.records) * pageRecords)
		s.records = append(s.records, make([]record, pageRecords))
		for n := first + pageRecords - 1; n > first; n-- {
			s.free = append(s.free, n)
		}
		return first
	}
	n := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	return n
}

// grow makes the index half as large again.
func (s *shard) grow() {
	size := max(fewSlots, len(s.slots)+len(s.slots)/2)
	old := s.slots
	tags := s.tags
	s.tags, s.slots = make([]uint8, size), make([]uint32, size)
	for i, tag := range tags {
		if tag != 0 {
			s.place(old[i])
		}
	}
}

// place enters a record of somebody who is not in the index.
func (s *shard) place(n uint32) {
	hash := s.hashOf(n)
	i := s.home(hash)
	for s.tags[i] != 0 {
		if i++; i == len(s.tags) {
			i = 0
		}
	}
	s.tags[i], s.slots[i] = tagOf(hash), n
}

func (s *shard) hashOf(n uint32) uint64 {
	return maphash.Bytes(s.seed, s.names.at(s.records.at(n).name))
}

// remove forgets somebody. Whoever stands behind in the index moves up, so that
// nobody is looked for beyond an empty slot.
func (s *shard) remove(person string, hash uint64) {
	if s.people == 0 {
		return
	}
	i, known := s.find(person, hash)
	if !known {
		return
	}
	n := s.slots[i]
	*s.records.at(n) = record{}
	delete(s.besides, n)
	s.free = append(s.free, n)
	s.people--
	s.names.waste += nameHeader + len(person)
	s.tags[i] = 0
	for j := s.after(i); s.tags[j] != 0; j = s.after(j) {
		moving := s.slots[j]
		s.tags[j] = 0
		s.place(moving)
	}
	if s.names.waste > pageNames && 2*s.names.waste > len(s.names.pages)*pageNames {
		s.tidy()
	}
}

func (s *shard) after(i int) int {
	if i++; i < len(s.tags) {
		return i
	}
	return 0
}

// tidy takes out the ids that nobody has any more.
func (s *shard) tidy() {
	old := s.names
	s.names = names{}
	for _, page := range s.records {
		for i := range page {
			if page[i].name != 0 {
				page[i].name = s.names.add(string(old.at(page[i].name)))
			}
		}
	}
}

// each calls visit with everybody.
func (s *shard) each(visit func(person []byte, r record, b besides)) {
	for p, page := range s.records {
		for i := range page {
			if r := page[i]; r.name != 0 {
				visit(s.names.at(r.name), r, s.besides[uint32(p*pageRecords+i)])
			}
		}
	}
}
