package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"assent/terms"
)

// check adds a fault for each rule of config.yaml that a value breaks.
func (c *Config) check(wrong *faults) {
	c.Server.check(wrong)
	c.Database.check(wrong)
	c.Scheduler.check(wrong)
	c.Breaker.check(wrong)
	c.Approvals.check(wrong)
	c.Launch.check(wrong)
	c.Flags.check(wrong)
	c.Limits.check(wrong)
	c.Messaging.check(wrong)
	c.Staff.check(wrong)
	c.People.check(wrong)
	c.Mail.check(wrong)
	c.Notices.check(wrong)
	c.Brand.check(wrong)
	c.Webhooks.check(wrong)
	checkTick(wrong, "erasure.scrub", c.Erasure.Scrub)
	wrong.check(c.Erasure.KeepNames >= 0 && c.Erasure.KeepNames <= longestKept, "erasure.keep_names", c.Erasure.KeepNames, "must be from 0 to 30d")
	c.checkTexts(wrong)
	c.checkNumbers(wrong)
	c.checkCatalogue(wrong)
	c.checkGateway(wrong)
	c.checkProfiles(wrong)
}

func (s *Server) check(wrong *faults) {
	wrong.check(isAddress(s.Listen), "server.listen", s.Listen, "must be HOST:PORT or :PORT, with a port from 0 to 65535")
	wrong.check(s.PublicURL == "" || isOrigin(strings.TrimSuffix(s.PublicURL, "/")), "server.public_url", s.PublicURL,
		"must be like https://terms.example.org, without a path, or empty")
	for i, proxy := range s.TrustedProxies {
		key := fmt.Sprintf("server.trusted_proxies[%d]", i)
		block, err := netip.ParsePrefix(proxy)
		if err != nil {
			_, err = netip.ParseAddr(proxy)
		} else if tooWide(block) {
			wrong.add(key, proxy, "trusts more than any network of your own has: others could then forge the address recorded as evidence; name your proxies")
		}
		wrong.check(err == nil, key, proxy, "must be an address or a block such as 10.0.0.0/8")
	}
}

// tooWide reports whether a block is larger than the largest that are nobody's but
// the operator's: 10.0.0.0/8 (RFC 1918) and fc00::/7 (RFC 4193). Two halves of the
// internet are the whole of it.
func tooWide(block netip.Prefix) bool {
	switch {
	case block.Addr().Is4():
		return block.Bits() < 8
	case block.Addr().Is4In6():
		return block.Bits() < 96+8
	default:
		return block.Bits() < 7
	}
}

func (d *Database) check(wrong *faults) {
	const rule = "must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME"
	scheme, rest, _ := strings.Cut(string(d.URL), ":")
	switch scheme {
	case "sqlite":
		wrong.check(rest != "", "database.url", d.URL, rule)
		wrong.check(!strings.Contains(rest, ":memory:"), "database.url", d.URL, "must be a file: a database in memory forgets")
	case "postgres", "postgresql":
		u, err := url.Parse(string(d.URL))
		wrong.check(err == nil && strings.HasPrefix(rest, "//") && len(strings.Trim(u.Path, "/")) > 0, "database.url", d.URL, rule)
	default:
		wrong.add("database.url", d.URL, rule)
	}
}

func (s *Scheduler) check(wrong *faults) {
	checkTick(wrong, "scheduler.tick", s.Tick)
	wrong.check(s.ChunkHold > 0 && s.ChunkHold <= 50*time.Millisecond, "scheduler.chunk_hold", s.ChunkHold, "must be above 0 and at most 50ms")
	wrong.check(s.Duty > 0 && s.Duty <= 1, "scheduler.duty", s.Duty, "must be above 0 and at most 1")
}

// checkTick adds a fault where a specification of ticks cannot be used.
func checkTick(wrong *faults, key, tick string) {
	zoned := strings.HasPrefix(tick, "TZ=") || strings.HasPrefix(tick, "CRON_TZ=")
	wrong.check(!zoned, key, tick, "must not name a time zone: it is in UTC")
	if !zoned { // cron's parser panics on some of them
		schedule, err := cron.ParseStandard(tick)
		wrong.check(err == nil && !schedule.Next(time.Unix(0, 0).UTC()).IsZero(), key, tick,
			"must be a cron specification that comes, such as */5 * * * * or @every 5m")
	}
}

func (b *Breaker) check(wrong *faults) {
	wrong.check(b.Share > 0 && b.Share <= 1, "breaker.share", b.Share, "must be above 0 and at most 1")
	wrong.check(b.Floor >= 0, "breaker.floor", b.Floor, "must be 0 or more")
	wrong.check(b.Factor >= 1 && !math.IsInf(b.Factor, 0), "breaker.factor", b.Factor, "must be a number of at least 1")
}

func (a *Approvals) check(wrong *faults) {
	wrong.check(len(a.Acts) > 0 || !a.Required, "approvals.acts", nil, "must name at least one act, because approvals are required: "+strings.Join(Acts(), ", "))
	for i, act := range a.Acts {
		key := fmt.Sprintf("approvals.acts[%d]", i)
		wrong.check(slices.Contains(Acts(), act), key, act, "must be one of "+strings.Join(Acts(), ", "))
		wrong.check(!slices.Contains(a.Acts[:i], act), key, act, "stands twice")
	}
}

func (m *Messaging) check(wrong *faults) {
	wrong.check(m.Redis == "" || strings.HasPrefix(string(m.Redis), "redis://") || strings.HasPrefix(string(m.Redis), "rediss://"),
		"messaging.redis", m.Redis, "must be like redis://USER:PASSWORD@redis.example.org:6379, or empty")
	for i, origin := range m.AllowedOrigins {
		wrong.check(isOrigin(origin), fmt.Sprintf("messaging.allowed_origins[%d]", i), origin,
			"must be like https://chat.example.org, without a path")
	}
}

func (b *Brand) check(wrong *faults) {
	wrong.check(strings.TrimSpace(b.Name) != "", "brand.name", b.Name, "must say what the platform is called")
	wrong.check(strings.TrimSpace(b.Contact) != "", "brand.contact", b.Contact, "must say whom people can ask")
	for key, address := range map[string]string{"brand.export_url": b.ExportURL, "brand.close_url": b.CloseURL} {
		u, err := url.Parse(address)
		local := strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//")
		wrong.check(err == nil && (address == "" || local || u.Scheme == "https" && u.Host != ""), key, address,
			"must be an https address, a path of this server, or empty")
	}
	for i, to := range b.ReturnTo {
		scheme, rest, _ := strings.Cut(to, ":")
		own := rest == "" && strings.HasSuffix(to, ":") && isScheme(scheme)
		wrong.check(own || isOrigin(to), fmt.Sprintf("brand.return_to[%d]", i), to,
			"must be a scheme of an app such as harbor: or an origin such as https://app.example.org")
	}
}

// isScheme reports whether s can be the scheme of an app's own addresses (RFC
// 3986, section 3.1): not one that every browser knows, which would let anything
// be opened.
func isScheme(s string) bool {
	known := []string{"http", "https", "javascript", "data", "vbscript", "file", "blob", "about", "ftp", "view-source"}
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '+' && r != '-' && r != '.'
	}
	return len(s) > 1 && s[0] >= 'a' && s[0] <= 'z' && !strings.ContainsFunc(s, odd) && !slices.Contains(known, s)
}

func (w *Webhooks) check(wrong *faults) {
	for i, text := range w.Allow {
		key := fmt.Sprintf("webhooks.allow[%d]", i)
		block, err := netip.ParsePrefix(text)
		if err != nil {
			_, err = netip.ParseAddr(text)
		} else if block.Bits() == 0 {
			wrong.add(key, text, "allows everything: whoever names an address could then reach any machine from here")
		}
		wrong.check(err == nil, key, text, "must be an address or a block such as 10.0.0.0/8")
	}
}

// longestKept leaves a request to be erased time to be answered within a month.
const longestKept = 30 * 24 * time.Hour

func (c *Config) checkTexts(wrong *faults) {
	wrong.check(c.Secrets.Directory != "", "secrets.directory", c.Secrets.Directory, "must name a directory")
	wrong.check(isPlain(string(c.BootstrapKey)), "bootstrap_key", c.BootstrapKey, "must be printable ASCII without spaces, or empty")
	// A log's name becomes the name of its key, which C2SP signed-note limits so.
	origin := c.Ledger.Origin
	wrong.check(origin != "" && isPlain(origin) && !strings.Contains(origin, "+"), "ledger.origin", origin,
		"must be a name such as terms.example.org/log, in printable ASCII without spaces or plus signs")
	levels, formats := []string{"debug", "info", "warn", "error"}, []string{"text", "json"}
	wrong.check(slices.Contains(levels, c.Log.Level), "log.level", c.Log.Level, "must be one of "+strings.Join(levels, ", "))
	wrong.check(slices.Contains(formats, c.Log.Format), "log.format", c.Log.Format, "must be one of "+strings.Join(formats, ", "))
}

func (c *Config) checkNumbers(wrong *faults) {
	for key, d := range map[string]time.Duration{
		"server.read_header_timeout": c.Server.ReadHeaderTimeout,
		"server.read_timeout":        c.Server.ReadTimeout,
		"server.write_timeout":       c.Server.WriteTimeout,
		"server.idle_timeout":        c.Server.IdleTimeout,
		"server.shutdown_timeout":    c.Server.ShutdownTimeout,
		"scheduler.lease_ttl":        c.Scheduler.LeaseTTL,
		"approvals.expire":           c.Approvals.Expire,
		"links.session_ttl":          c.Links.SessionTTL,
		"links.notice_ttl":           c.Links.NoticeTTL,
		"messaging.mailbox_ttl":      c.Messaging.MailboxTTL,
		"messaging.reply_token_ttl":  c.Messaging.ReplyTokenTTL,
	} {
		wrong.check(d > 0, key, d, "must be longer than 0")
	}
	for key, limit := range map[string]struct{ n, least, most int }{
		"server.max_header_bytes": {c.Server.MaxHeaderBytes, 4096, 1 << 20},
		"scheduler.chunk_rows":    {c.Scheduler.ChunkRows, 1, 100_000},
	} {
		wrong.check(limit.least <= limit.n && limit.n <= limit.most, key, limit.n,
			fmt.Sprintf("must be from %d to %d", limit.least, limit.most))
	}
}

func (c *Config) checkCatalogue(wrong *faults) {
	wrong.check(len(c.Catalogue) > 0, "capabilities", nil, "must list at least one capability")
	for i, one := range c.Catalogue {
		wrong.check(one.Title["en"] != "", fmt.Sprintf("capabilities[%d].title", i), nil, "must be given in English (en) at least")
	}
	addAll(wrong, "", "", c.Catalogue.Validate())
}

// checkProfiles puts each ladder into a plan that is otherwise without fault,
// so that it has to keep the rules of any plan.
func (c *Config) checkProfiles(wrong *faults) {
	deadline := time.Date(2021, 5, 15, 0, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for i, p := range c.Profiles {
		path := fmt.Sprintf("profiles[%d].", i)
		wrong.check(terms.ValidKey(p.Key), path+"key", p.Key, "must be a key: lower-case words joined by dashes, dots or underscores")
		wrong.check(!seen[p.Key], path+"key", p.Key, "stands twice")
		seen[p.Key] = true
		addAll(wrong, path, "stages", terms.Plan{
			Campaign:     "any",
			Title:        terms.Texts{"en": "Any"},
			Documents:    []terms.DocumentRef{{Document: "any", Version: "1"}},
			AnnounceAt:   deadline.AddDate(-1, 0, 0),
			Deadline:     deadline,
			NoticePeriod: time.Hour,
			Audience:     terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}},
			Stages:       p.Stages,
		}.Validate(c.Catalogue))
	}
}

// addAll adds the faults terms found in a part of its input, which stands at a
// path of ours.
func addAll(wrong *faults, path, part string, err error) {
	var found terms.Faults
	errors.As(err, &found)
	for _, f := range found {
		if strings.HasPrefix(f.Path, part) {
			wrong.add(path+f.Path, nil, f.Detail)
		}
	}
}

func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	_, errPort := strconv.ParseUint(port, 10, 16)
	return err == nil && errPort == nil
}

// isOrigin reports whether s is a scheme, a host and perhaps a port.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && s == u.Scheme+"://"+u.Host
}

// isPlain reports whether s is printable ASCII without spaces.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
