// Package config reads the settings of a server: the defaults every build
// carries, the operator's file over them, the environment over both. It hands
// out one checked value and keeps nothing.
//
// It is strict: an unknown key, a wrong type or an impossible value is refused,
// and all of them are reported at once. What each setting means is said in
// config.yaml, which is the defaults, the sample and the contract in one.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"assent/terms"
)

// Config is every setting, checked: a Config that Load returned without an
// error keeps all the rules written in config.yaml. Printed or logged, it does
// not show secrets.
type Config struct {
	Server       Server          `mapstructure:"server"`
	Database     Database        `mapstructure:"database"`
	Secrets      Secrets         `mapstructure:"secrets"`
	BootstrapKey Secret          `mapstructure:"bootstrap_key"`
	Scheduler    Scheduler       `mapstructure:"scheduler"`
	Breaker      Breaker         `mapstructure:"breaker"`
	Approvals    Approvals       `mapstructure:"approvals"`
	Launch       Launch          `mapstructure:"launch"`
	Holds        Holds           `mapstructure:"holds"`
	Reversals    Reversals       `mapstructure:"reversals"`
	Links        Links           `mapstructure:"links"`
	Flags        Flags           `mapstructure:"flags"`
	Gateway      Gateway         `mapstructure:"gateway"`
	People       People          `mapstructure:"people"`
	Staff        Staff           `mapstructure:"staff"`
	Limits       Limits          `mapstructure:"limits"`
	Messaging    Messaging       `mapstructure:"messaging"`
	Mail         Mail            `mapstructure:"mail"`
	Notices      Notices         `mapstructure:"notices"`
	Webhooks     Webhooks        `mapstructure:"webhooks"`
	Ledger       Ledger          `mapstructure:"ledger"`
	Erasure      Erasure         `mapstructure:"erasure"`
	Brand        Brand           `mapstructure:"brand"`
	Log          Log             `mapstructure:"log"`
	Catalogue    terms.Catalogue `mapstructure:"-"` // valid
	Profiles     []Profile       `mapstructure:"-"` // each valid with the catalogue, keys unique
}

// String is every setting on one line but the catalogue and the profiles.
func (c Config) String() string {
	type plain Config // without this method
	p := plain(c)
	p.Catalogue, p.Profiles = nil, nil
	return fmt.Sprintf("%+v", p)
}

// LogValue is the same for structured logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Server is how HTTP is served.
type Server struct {
	Listen            string        `mapstructure:"listen"`
	PublicURL         string        `mapstructure:"public_url"` // scheme, host and perhaps port; no trailing slash
	ReadHeaderTimeout time.Duration `mapstructure:"read_header_timeout"`
	ReadTimeout       time.Duration `mapstructure:"read_timeout"`
	WriteTimeout      time.Duration `mapstructure:"write_timeout"`
	IdleTimeout       time.Duration `mapstructure:"idle_timeout"`
	ShutdownTimeout   time.Duration `mapstructure:"shutdown_timeout"`
	MaxHeaderBytes    int           `mapstructure:"max_header_bytes"`
	TrustedProxies    []string      `mapstructure:"trusted_proxies"` // addresses and CIDR blocks
}

// reachedAt is the public URL as set, or the address the server listens on.
func (s Server) reachedAt() string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	host, port, _ := net.SplitHostPort(s.Listen) // what is wrong with it is reported for listen
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Database is where facts are kept.
type Database struct {
	URL DatabaseURL `mapstructure:"url"`
}

// Secrets is where the keys are kept that the server makes for itself.
type Secrets struct {
	Directory string `mapstructure:"directory"`
}

// Scheduler is when a sweep starts and how much of the database it takes.
type Scheduler struct {
	Tick      string        `mapstructure:"tick"` // cron specification in UTC
	ChunkHold time.Duration `mapstructure:"chunk_hold"`
	ChunkRows int           `mapstructure:"chunk_rows"`
	Duty      float64       `mapstructure:"duty"`  // share of the time a sweep writes, above 0 up to 1
	Lease     bool          `mapstructure:"lease"` // one process sweeps at a time
	LeaseTTL  time.Duration `mapstructure:"lease_ttl"`
}

// Breaker is how many people a run may newly restrict, in itself or within 24
// hours, before it waits for staff: the larger of a Share of those a campaign
// asks and a Floor; after staff approved a preview, Factor times what they
// approved.
type Breaker struct {
	Share  float64 `mapstructure:"share"`  // above 0 up to 1
	Floor  int64   `mapstructure:"floor"`  // people, 0 or more
	Factor float64 `mapstructure:"factor"` // finite, at least 1
}

// Approvals is which acts need a second person.
type Approvals struct {
	Required bool          `mapstructure:"required"` // false: none of them do
	Acts     []string      `mapstructure:"acts"`     // from Acts; not empty when required
	Expire   time.Duration `mapstructure:"expire"`   // how long an act waits for its approval
}

// Acts lists the acts that can need a second person.
func Acts() []string {
	return []string{"plan.activate", "plan.confirm", "campaign.reverse", "reversal.undo", "hold.release", "breaker.approve"}
}

// Holds is what a hold does unless it says otherwise.
type Holds struct {
	Spread time.Duration `mapstructure:"spread"` // over which people go on after one; 0: all at once
}

// Reversals is what can be done about a reversal.
type Reversals struct {
	UndoWindow time.Duration `mapstructure:"undo_window"` // 0: a reversal cannot be undone
}

// Links is how long a signed link lives.
type Links struct {
	SessionTTL time.Duration `mapstructure:"session_ttl"`
	NoticeTTL  time.Duration `mapstructure:"notice_ttl"`
}

// People is how people who open a page are known.
type People struct {
	SessionTTL time.Duration `mapstructure:"session_ttl"`
	OIDC       OIDC          `mapstructure:"oidc"`
	JWT        JWT           `mapstructure:"jwt"`
}

// OIDC is the platform's OpenID Connect provider; without an Issuer there is none.
type OIDC struct {
	Issuer       string   `mapstructure:"issuer"`
	ClientID     string   `mapstructure:"client_id"`
	ClientSecret Secret   `mapstructure:"client_secret"`
	Scopes       []string `mapstructure:"scopes"`     // openid among them
	Algorithms   []string `mapstructure:"algorithms"` // from Algorithms
	PersonClaim  string   `mapstructure:"person_claim"`
}

// Staff is how staff sign in to the console.
type Staff struct {
	Passwords bool      `mapstructure:"passwords"` // false: at the provider only
	OIDC      StaffOIDC `mapstructure:"oidc"`
}

// StaffOIDC is the OpenID Connect provider of staff; without an Issuer there is
// none. Where RoleClaim is empty, members are those who were invited by address.
type StaffOIDC struct {
	Issuer       string   `mapstructure:"issuer"`
	ClientID     string   `mapstructure:"client_id"`
	ClientSecret Secret   `mapstructure:"client_secret"`
	Scopes       []string `mapstructure:"scopes"`     // openid among them
	Algorithms   []string `mapstructure:"algorithms"` // from Algorithms
	RoleClaim    string   `mapstructure:"role_claim"`
	Editors      []string `mapstructure:"editors"` // values of the claim; not empty with Viewers where there is a RoleClaim
	Viewers      []string `mapstructure:"viewers"`
}

// JWT is the tokens of the platform that are taken; without an Issuer, none.
type JWT struct {
	Issuer            string   `mapstructure:"issuer"`
	KeysURL           string   `mapstructure:"keys_url"`
	Audience          string   `mapstructure:"audience"`
	AuthorizedParties []string `mapstructure:"authorized_parties"` // empty: any
	Algorithms        []string `mapstructure:"algorithms"`         // from Algorithms
	Type              string   `mapstructure:"type"`               // of the header; empty: JWT, at+jwt or none
	PersonClaim       string   `mapstructure:"person_claim"`
	Cookie            string   `mapstructure:"cookie"` // where tokens may be besides the header; empty: nowhere
}

// Algorithms lists those a token may be signed with.
func Algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// Messaging is the messaging layer.
type Messaging struct {
	MailboxTTL     time.Duration `mapstructure:"mailbox_ttl"`
	ReplyTokenTTL  time.Duration `mapstructure:"reply_token_ttl"`
	Redis          DatabaseURL   `mapstructure:"redis"` // "" for a single server
	AllowedOrigins []string      `mapstructure:"allowed_origins"`
}

// Webhooks is which addresses others may have called.
type Webhooks struct {
	Allow []string `mapstructure:"allow"` // internal addresses and CIDR blocks
}

// Allowed are the blocks of Allow.
func (w Webhooks) Allowed() []netip.Prefix {
	list := make([]netip.Prefix, 0, len(w.Allow))
	for _, text := range w.Allow {
		block, err := netip.ParsePrefix(text)
		if err != nil {
			addr, _ := netip.ParseAddr(text) // it was checked
			block = netip.PrefixFrom(addr, addr.BitLen())
		}
		list = append(list, block)
	}
	return list
}

// Ledger is the tamper-evident log.
type Ledger struct {
	Origin         string `mapstructure:"origin"`
	CheckpointFile string `mapstructure:"checkpoint_file"` // "": no checkpoint is kept
}

// Erasure is when erasures are finished.
type Erasure struct {
	Scrub     string        `mapstructure:"scrub"` // cron specification in UTC
	KeepNames time.Duration `mapstructure:"keep_names"`
}

// Brand is who asks: what pages call the platform and whom people can reach.
type Brand struct {
	Name    string `mapstructure:"name"`
	Contact string `mapstructure:"contact"`
	Address string `mapstructure:"address"`

	ExportURL string   `mapstructure:"export_url"`
	CloseURL  string   `mapstructure:"close_url"`
	ReturnTo  []string `mapstructure:"return_to"` // schemes and origins
}

// Log is what the server writes about itself.
type Log struct {
	Level  string `mapstructure:"level"`  // debug, info, warn or error
	Format string `mapstructure:"format"` // text or json
}

// Profile is a ladder a plan file can name instead of listing stages.
type Profile struct {
	Key    string
	Stages []terms.Stage
}

// Secret is text that does not show when printed, logged or written as JSON.
// Convert it to a string to use it.
type Secret string

// String says whether there is a secret, and nothing of it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// GoString does the same for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText does the same for JSON and structured logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DatabaseURL is sqlite:PATH, postgres://… or redis://…; printed, logged or written as
// JSON it does not show the password. Convert it to a string to use it.
type DatabaseURL string

// String returns the URL without its password.
func (u DatabaseURL) String() string { return mask(string(u)) }

// GoString does the same for %#v.
func (u DatabaseURL) GoString() string { return u.String() }

// MarshalText does the same for JSON and structured logs.
func (u DatabaseURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

var (
	userPassword  = regexp.MustCompile(`(://[^:@/?#]*:)[^/?#]*@`)
	queryPassword = regexp.MustCompile(`(?i)(password=)[^&#\s]*`)
)

// mask takes the passwords out of a text with URLs in it.
func mask(text string) string {
	text = userPassword.ReplaceAllString(text, "${1}[redacted]@")
	return queryPassword.ReplaceAllString(text, "${1}[redacted]")
}
