package messaging

import (
	"context"
	"log/slog"

	"github.com/centrifugal/centrifuge"
)

// logged hands what the library reports to our log. Its entries can hold whole
// commands and replies, so only the ids in them are passed on, and its info
// level, which prints failed commands, is never switched on. The error is
// passed on where it cannot quote what somebody wrote.
func logged(log *slog.Logger) centrifuge.LogHandler {
	return func(e centrifuge.LogEntry) {
		level := slog.LevelWarn
		if e.Level >= centrifuge.LogLevelError {
			level = slog.LevelError
		}
		attrs := []slog.Attr{slog.String("report", e.Message)}
		for field, key := range map[string]string{"user": "person", "client": "connection", "channel": "line"} {
			if id, ok := e.Fields[field].(string); ok {
				attrs = append(attrs, slog.String(key, id))
			}
		}
		if e.Error != nil && !quotes(e.Fields) {
			attrs = append(attrs, slog.Any("error", e.Error))
		}
		log.LogAttrs(context.Background(), level, "messaging library", attrs...)
	}
}

func quotes(fields map[string]any) bool {
	for _, key := range []string{"command", "reply", "push", "data"} {
		if _, ok := fields[key]; ok {
			return true
		}
	}
	return false
}
