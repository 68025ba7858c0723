package clients

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/terms"
	"assent/tokens"
)

// What a stream of notices costs and how long it waits.
const (
	ticketPeriod  = 24 * time.Hour
	heartbeat     = 25 * time.Second // also how late a change that only time made is told
	inactivity    = 120              // seconds hidden after which a client may hang up
	pollWhenFull  = 20 * time.Second // how often one without a place looks; below the half minute after which clients give up
	longestPerson = 128              // bytes of an id that gets a ticket
	streamPath    = "/ofrep/v1/streams"
)

// invitations lead clients to notices (OFREP, records 0008 and 0010): a
// path with a ticket in it that opens nothing else, since clients keep it.
type invitations struct {
	notices *gate.Notices // nil: there are none
	tickets *tokens.Tickets
}

// invitation is that of one person.
type invitation struct {
	*invitations
	person string
	period int64
}

func newInvitations(o Options) *invitations {
	i := &invitations{notices: o.Notices}
	if i.notices != nil {
		i.tickets = o.Tokens.Tickets(tokens.Stream, ticketPeriod)
	}
	return i
}

func (i *invitations) of(person string, now time.Time) invitation {
	if i.notices == nil || len(person) > longestPerson {
		return invitation{}
	}
	return invitation{i, person, i.tickets.Period(person, now)}
}

// appendTag makes the tag of a bulk answer depend on the ticket in it: a client
// whose ticket has ended asks again with the tag it has, and with a 304 would
// come back with the same ticket for ever; one that asks for somebody else now
// would listen for the person before.
func (i invitation) appendTag(tag []byte) []byte {
	if i.invitations == nil {
		return tag
	}
	return i.tickets.AppendName(append(tag, '.'), i.person, i.period)
}

// append adds the member eventStreams. It names the answer that the caller is
// about to have, so that nothing is told on connecting that is known.
func (i invitation) append(dst, tag []byte) []byte {
	if i.invitations == nil {
		return dst
	}
	dst = append(dst, `,"eventStreams":[{"type":"sse","endpoint":{"requestUri":"`+streamPath+`?ticket=`...)
	dst = i.tickets.Append(dst, i.person, i.period)
	dst = append(append(dst, `&since=`...), tag...)
	dst = append(dst, `"},"inactivityDelaySec":`...)
	return append(strconv.AppendInt(dst, inactivity, 10), `}]`...)
}

// listen answers with notices for as long as the ticket lasts.
func (h *Handlers) listen(c *gin.Context) error {
	if h.Notices == nil {
		return terms.Errorf(terms.NotFound, "nobody is told here of changed flags: ask for them again")
	}
	person, ends, err := h.invitations.tickets.Check(c.Query("ticket"), h.Clock())
	if err != nil {
		return terms.Errorf(terms.Unauthenticated, "the ticket does not count any more: ask for the flags again, the answer has a new one")
	}
	told := c.Query("since")
	if last := c.GetHeader("Last-Event-ID"); last != "" {
		told, _ = untold(last)
	}
	reader, ok := h.Notices.Join(person)
	if !ok { // what has no place becomes a poll, which no client repeats in a hurry
		l := &listener{h, h.streaming(c, pollWhenFull), person, told}
		l.look()
		return nil
	}
	defer h.Notices.Leave(reader)
	// Spread over some seconds, so that not all come back at once after a restart.
	l := &listener{h, h.streaming(c, time.Second+rand.N(9*time.Second)), person, told} //nolint:gosec // no secret
	l.follow(c.Request.Context(), reader, ends)
	return nil
}

// listener is a reader of notices and what it knows.
type listener struct {
	*Handlers
	*stream
	person string
	told   string // the tag of the answer that the reader has or was told of
}

// follow writes a notice whenever the answer has changed, until the reader is
// gone, too slow, or out of time.
func (l *listener) follow(ctx context.Context, reader *gate.Reader, ends time.Time) {
	timer := time.NewTicker(heartbeat)
	defer timer.Stop()
	for l.look(); l.err == nil; l.look() {
		select {
		case <-ctx.Done():
			return
		case <-l.Stopping:
			return
		case <-reader.Changed():
		case <-timer.C:
			if !l.Clock().Before(ends) {
				return
			}
			l.buffer = append(l.buffer, ":\n\n"...)
			l.flush()
		}
	}
}

// look writes a notice if the answer is another than the reader knows of. What
// the reader asks next names the revision, so that a server which is behind
// catches up first.
func (l *listener) look() {
	entry, _ := l.Gate.Entry(l.person)
	tag := string(l.invitations.of(l.person, l.Clock()).appendTag(entry.AppendTag(nil, l.Now())))
	if tag == l.told {
		return
	}
	l.told = tag
	id := tag + revisionMark + strconv.FormatUint(l.Gate.Revision(), 36)
	l.event("message", id, []byte(`{"type":"refetchEvaluation","etag":"`+id+`"}`))
	l.flush()
}

// revisionMark stands between the tag and the revision in what a notice tells.
const revisionMark = "~"

// untold splits what a notice told into the tag and the revision.
func untold(id string) (string, uint64) {
	tag, mark, _ := strings.Cut(id, revisionMark)
	revision, err := strconv.ParseUint(mark, 36, 63)
	if err != nil { // it comes from elsewhere
		revision = 0
	}
	return tag, revision
}
