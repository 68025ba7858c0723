package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"assent/terms"
)

// Limits of a body of JSON.
const (
	MaxBody  = 64 << 10 // bytes, also of one line of NDJSON
	maxDepth = 32       // objects and lists inside each other
)

// ReadJSON reads the body into dst, strictly: one JSON value in UTF-8, names
// exactly as declared and each only once. The error is a *Problem: 415 for
// another media type, 413 for a body over MaxBody bytes, and else 400 naming
// the place. What the values mean is for the caller to check.
func ReadJSON(c *gin.Context, dst any) error { return ReadJSONUpTo(c, MaxBody, dst) }

// ReadJSONUpTo is ReadJSON for a body that may be as long as limit bytes.
func ReadJSONUpTo(c *gin.Context, limit int64, dst any) error {
	if err := RequireType(c, "application/json"); err != nil {
		return err
	}
	data, err := ReadBody(c, limit)
	if err != nil {
		return err
	}
	return Decode(data, dst)
}

// RequireType refuses with 415 a body that is not of one of the media types,
// not in UTF-8, or compressed.
func RequireType(c *gin.Context, types ...string) error {
	given := Header(c, "Content-Type")
	if !slices.Contains(types, given) { // nearly always it is just that
		given = utf8Type(given)
	}
	if slices.Contains(types, given) && Header(c, "Content-Encoding") == "" {
		return nil
	}
	return &Problem{Status: http.StatusUnsupportedMediaType, Type: "unsupported_media_type",
		Detail: fmt.Sprintf("send the body as %s in UTF-8, not compressed", strings.Join(types, " or "))}
}

// utf8Type is a media type without its parameters; "" for one that is
// malformed or in another charset than UTF-8.
func utf8Type(header string) string {
	given, params, err := mime.ParseMediaType(header)
	if charset := params["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return ""
	}
	return given
}

// ReadBody reads the whole body: at most limit bytes, else a 413.
func ReadBody(c *gin.Context, limit int64) ([]byte, error) {
	data, err := readAll(c, limit)
	if large := tooLarge(err); large != nil {
		return nil, large
	}
	if err != nil {
		return nil, Unreadable("", "the body ended early or could not be read")
	}
	return data, nil
}

// smallBody is how much room is made for a body before it is there.
const smallBody = 1 << 10

// readAll reads a small body of a length that is known into room of that size:
// net/http lets no more of it through.
func readAll(c *gin.Context, limit int64) ([]byte, error) {
	length, body := c.Request.ContentLength, c.Request.Body
	if length <= 0 || length > min(limit, smallBody) {
		return io.ReadAll(http.MaxBytesReader(c.Writer, body, limit))
	}
	data := make([]byte, length)
	n, err := io.ReadFull(body, data)
	return data[:n], err
}

// tooLarge is the problem of a body that is longer than what is taken of it,
// nil for any other error.
func tooLarge(err error) *Problem {
	if err == nil {
		return nil
	}
	var large *http.MaxBytesError
	if !errors.As(err, &large) {
		return nil
	}
	return &Problem{Status: http.StatusRequestEntityTooLarge, Type: "too_large", Detail: fmt.Sprintf("the body is larger than %d bytes", large.Limit)}
}

// Decode reads one JSON value into dst as strictly as ReadJSON does, which
// calls it. The error is a *Problem with status 400 and the place in Faults.
func Decode(data []byte, dst any) error {
	err := json.Unmarshal(data, dst, json.RejectUnknownMembers(true))
	if err == nil && bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("[")) <= maxDepth {
		return nil // as good as every body is
	}
	if err := checkShape(data); err != nil {
		return err
	}
	var wrong *json.SemanticError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &wrong):
		return syntaxProblem(err)
	case errors.Is(wrong, json.ErrUnknownName):
		return Unreadable(path(wrong.JSONPointer), "is not a name known here")
	default:
		return Unreadable(path(wrong.JSONPointer), expected(wrong))
	}
}

// checkShape walks the whole value once for its syntax, duplicate names,
// depth and trailing data, whatever dst would make of it.
func checkShape(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for first := true; ; first = false {
		_, err := d.ReadToken()
		switch {
		case errors.Is(err, io.EOF) && first:
			return Unreadable("", "the body is empty")
		case errors.Is(err, io.EOF) && d.StackDepth() == 0:
			return nil
		case err != nil:
			return syntaxProblem(err)
		case d.StackDepth() > maxDepth:
			return Unreadable(path(d.StackPointer()), fmt.Sprintf("lies deeper than %d levels", maxDepth))
		case d.StackDepth() == 0 && len(bytes.TrimSpace(data[d.InputOffset():])) > 0:
			return Unreadable("", fmt.Sprintf("there is more after the end of the JSON value, at byte %d", d.InputOffset()))
		}
	}
}

func syntaxProblem(err error) error {
	var wrong *jsontext.SyntacticError
	switch {
	case !errors.As(err, &wrong):
		return Unreadable("", "is not JSON")
	case errors.Is(wrong, jsontext.ErrDuplicateName):
		return Unreadable(path(wrong.JSONPointer), "stands twice")
	default:
		return Unreadable(path(wrong.JSONPointer), fmt.Sprintf("is not JSON at byte %d: %v", wrong.ByteOffset, wrong.Err))
	}
}

// expected says what a value of the wrong type should have been.
func expected(wrong *json.SemanticError) string {
	if wrong.GoType == nil {
		return "has a value of the wrong type"
	}
	switch name := wrong.GoType.String(); name {
	case "time.Time", "*time.Time":
		return "must be an instant such as 2021-01-06T00:00:00Z"
	case "string", "bool":
		return "must be a " + map[string]string{"string": "string", "bool": "true or false"}[name]
	default:
		return fmt.Sprintf("must be %s, not a %s", kindName(wrong), wrong.JSONKind)
	}
}

func kindName(wrong *json.SemanticError) string {
	kind := wrong.GoType.Kind().String()
	for prefix, name := range map[string]string{"int": "a whole number", "uint": "a whole number", "float": "a number",
		"bool": "true or false", "string": "a string", "slice": "a list", "map": "an object", "struct": "an object"} {
		if strings.HasPrefix(kind, prefix) {
			return name
		}
	}
	return "a value of another type"
}

// path writes a JSON pointer as faults write places: "stages[3].off[0]".
func path(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch {
		case strings.Trim(token, "0123456789") == "" && token != "":
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return b.String()
}

// Unreadable is a 400 that names the place in the body, if there is one.
func Unreadable(at, detail string) *Problem {
	faults := terms.Faults{{Path: at, Detail: detail}}
	if at != "" {
		detail = at + ": " + detail
	}
	return &Problem{Status: http.StatusBadRequest, Type: "unreadable", Title: "The body cannot be read", Detail: detail, Faults: faults}
}
