package clients

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
)

const (
	// patience is how long a reader may take to accept what was sent. A slower
	// one is cut, and goes on where it was when it comes back: nothing is kept
	// for it here.
	patience = 10 * time.Second
	// beat is how often something is sent when nothing happens, so that a dead
	// connection is noticed on both sides.
	beat = 5 * time.Second
	// chunk is how much is gathered before it is written.
	chunk = 32 << 10
)

// stream is an answer that goes on: server-sent events, by the HTML standard
// (WHATWG, 9.2).
type stream struct {
	control *http.ResponseController
	out     http.ResponseWriter
	clock   func() time.Time
	buffer  []byte
	err     error // the reader is gone, or was cut
}

// streaming begins such an answer, and says how long to wait before coming back
// after its end. No proxy may hold it back.
func (h *Handlers) streaming(c *gin.Context, retry time.Duration) *stream {
	web.Unhurried(c)
	c.Header("Content-Type", "text/event-stream")
	c.Header("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	s := &stream{control: http.NewResponseController(c.Writer), out: c.Writer, clock: h.Clock}
	s.buffer = strconv.AppendInt(append(s.buffer, "retry: "...), retry.Milliseconds(), 10)
	s.buffer = append(s.buffer, "\n\n"...)
	s.flush()
	return s
}

// event adds an event, with an id to come back with unless that is "".
func (s *stream) event(name, id string, data []byte) {
	if id != "" {
		s.buffer = append(append(append(s.buffer, "id: "...), id...), '\n')
	}
	s.buffer = append(append(append(s.buffer, "event: "...), name...), "\ndata: "...)
	s.buffer = append(append(s.buffer, data...), "\n\n"...)
	if len(s.buffer) >= chunk {
		s.flush()
	}
}

// flush sends what was added.
func (s *stream) flush() {
	if s.err != nil || len(s.buffer) == 0 {
		s.buffer = s.buffer[:0]
		return
	}
	// A writer without deadlines, as in tests, needs none.
	_ = s.control.SetWriteDeadline(s.clock().Add(patience))
	if _, s.err = s.out.Write(s.buffer); s.err == nil {
		s.err = s.control.Flush()
	}
	s.buffer = s.buffer[:0]
}

// resumed is where a reader wants to go on: what a browser or a library sends
// by itself when it comes back, else what the address says.
func resumed(c *gin.Context) string {
	if id := c.GetHeader("Last-Event-ID"); id != "" {
		return id
	}
	return c.Query("after")
}
