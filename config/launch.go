package config

import "time"

// Launch is what a plan has to keep to before it is put into force.
type Launch struct {
	Required      bool          `mapstructure:"required"` // false: what is found is shown and stops nobody
	NoticePeriod  time.Duration `mapstructure:"notice_period"`
	Weekly        int           `mapstructure:"weekly"`         // reminders in the app within seven days, at most; 0: no limit
	LanguageShare float64       `mapstructure:"language_share"` // of the people, from 0 up to 1
	DryRunAge     time.Duration `mapstructure:"dry_run_age"`
}

func (l *Launch) check(wrong *faults) {
	wrong.check(l.NoticePeriod >= 0, "launch.notice_period", l.NoticePeriod, "must not be negative")
	wrong.check(l.Weekly >= 0, "launch.weekly", l.Weekly, "must be 0 or more")
	wrong.check(l.LanguageShare >= 0 && l.LanguageShare <= 1, "launch.language_share", l.LanguageShare, "must be from 0 to 1")
	wrong.check(l.DryRunAge > 0, "launch.dry_run_age", l.DryRunAge, "must be longer than 0")
}
