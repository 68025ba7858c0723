package config

import (
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Mail is the mail server that takes what is sent to people.
type Mail struct {
	Host     string        `mapstructure:"host"` // "": no mail is sent
	Port     int           `mapstructure:"port"`
	TLS      string        `mapstructure:"tls"` // starttls, tls or none
	Username string        `mapstructure:"username"`
	Password Secret        `mapstructure:"password"`
	From     string        `mapstructure:"from"`     // plain address; not empty where there is a host
	ReplyTo  string        `mapstructure:"reply_to"` // plain address, or ""
	Timeout  time.Duration `mapstructure:"timeout"`
	Rate     float64       `mapstructure:"rate"` // letters a second, above 0
}

// Notices is when and how often people are written to.
type Notices struct {
	Tick        string        `mapstructure:"tick"`        // cron specification in UTC
	Weekly      int           `mapstructure:"weekly"`      // reminders within seven days, at most; 0: no limit
	QuietFrom   string        `mapstructure:"quiet_from"`  // HH:MM by the person's clock; equal to QuietUntil: no quiet hours
	QuietUntil  string        `mapstructure:"quiet_until"` // HH:MM
	CountsAfter time.Duration `mapstructure:"counts_after"`
	Tries       int           `mapstructure:"tries"`
}

func (m *Mail) check(wrong *faults) {
	wrong.check(m.Port > 0 && m.Port < 1<<16, "mail.port", m.Port, "must be from 1 to 65535")
	wrong.check(slices.Contains([]string{"starttls", "tls", "none"}, m.TLS), "mail.tls", m.TLS, "must be one of starttls, tls, none")
	wrong.check(m.TLS != "none" || m.Username == "", "mail.username", m.Username, "must be empty where mail.tls is none: the password would go over the wire as it is")
	wrong.check(isPlain(m.Host), "mail.host", m.Host, "must be the name of a host, or empty")
	wrong.check(m.From == "" && m.Host == "" || isMailAddress(m.From), "mail.from", m.From, "must be a plain address such as terms@example.org")
	wrong.check(m.ReplyTo == "" || isMailAddress(m.ReplyTo), "mail.reply_to", m.ReplyTo, "must be a plain address, or empty")
	wrong.check(m.Timeout > 0, "mail.timeout", m.Timeout, "must be longer than 0")
	wrong.check(m.Rate > 0 && m.Rate <= 10_000, "mail.rate", m.Rate, "must be above 0 and at most 10000")
}

func (n *Notices) check(wrong *faults) {
	checkTick(wrong, "notices.tick", n.Tick)
	wrong.check(n.Weekly >= 0, "notices.weekly", n.Weekly, "must be 0 or more")
	wrong.check(n.Tries >= 1 && n.Tries <= 100, "notices.tries", n.Tries, "must be from 1 to 100")
	wrong.check(n.CountsAfter >= 0, "notices.counts_after", n.CountsAfter, "must not be negative")
	for key, text := range map[string]string{"notices.quiet_from": n.QuietFrom, "notices.quiet_until": n.QuietUntil} {
		_, err := time.Parse("15:04", text)
		wrong.check(err == nil, key, text, "must be a time of day such as 21:00")
	}
}

// isMailAddress reports whether s is an address and nothing else.
func isMailAddress(s string) bool {
	parsed, err := mail.ParseAddress(s)
	return err == nil && parsed.Address == s && isPlain(s) && !strings.ContainsAny(s, "\"<>,")
}

// TimeOfDay is how long after midnight a time of day is that was checked.
func TimeOfDay(text string) time.Duration {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
}
