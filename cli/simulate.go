package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"assent/config"
	"assent/models"
	"assent/planfile"
	"assent/scheduler"
	"assent/simulate"
	"assent/tracker"

	"github.com/spf13/cobra"
)

// simulateFlags are what the command line says of a simulation.
type simulateFlags struct {
	options           simulate.Options
	accept, countries string
	holds, reversals  []string
	json              bool
	csv, svg          string
}

// everywhere are countries and weights for whoever names none.
const everywhere = "IN:22,BR:18,DE:8,MX:8,NG:6,EG:6,TR:6,US:5,GB:5,FR:5,AR:4,ES:3,SA:2,IE:2"

func (p *program) simulateCommand() *cobra.Command {
	f := &simulateFlags{}
	c := &cobra.Command{
		Use:   "simulate PLAN",
		Short: "Run a plan file with made-up people over a virtual clock",
		Long: `Runs a plan file from its announcement on with made-up people: the real rules and
sweeps on a temporary database, at the ticks of scheduler.tick and with the
breaker of the settings. It draws who is where each day, and says how many
notices go out, what a run has to do, and where the breaker would stop one; the
simulation then goes on as if staff had approved it. It touches no database of
yours, and the same flags give the same result.

Who accepts when is your assumption: --accept-curve is ` + strings.Join(simulate.Shapes(), ", ") + `,
or the share of people who have accepted so many days after the announcement, as
DAY:SHARE points.`,
		Example: `  assent simulate plan.yaml --people 100000 --days 200
  assent simulate plan.yaml --accept-curve 7:0.2,30:0.5,129:0.7 --notice-reach 0.9 --csv days.csv --svg days.svg
  assent simulate plan.yaml --hold BR@2021-05-07..2021-08-05 --reverse announced@2021-05-28`,
		Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.simulate(c.Context(), args[0], f) },
	}
	o, flags := &f.options, c.Flags()
	flags.IntVar(&o.People, "people", 20_000, "how many people to make up")
	flags.IntVar(&o.Days, "days", 200, "how many days, from the announcement")
	flags.StringVar(&f.accept, "accept-curve", "whatsapp", "when people accept")
	flags.Float64Var(&o.Decline, "decline-share", 0.02, "share of people who decline when they first see a notice")
	flags.Float64Var(&o.Reach, "notice-reach", 0.95, "share of people whom notices reach at all")
	flags.StringVar(&f.countries, "countries", everywhere, "where people are, as CODE:WEIGHT")
	flags.Uint64Var(&o.Seed, "seed", 1, "of chance: another seed, other people")
	flags.StringArrayVar(&f.holds, "hold", nil, "hold a region, or all: REGION@FROM..TO; repeatable")
	flags.StringArrayVar(&f.reversals, "reverse", nil, "reverse to a stage, or off: STAGE[/REGION]@DAY; repeatable")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON")
	flags.StringVar(&f.csv, "csv", "", "write one row for each day and stage to this file; - for standard output")
	flags.StringVar(&f.svg, "svg", "", "draw the result into this file; - for standard output")
	return c
}

func (p *program) simulate(ctx context.Context, file string, f *simulateFlags) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	if err := f.read(settings); err != nil {
		return usageError{err}
	}
	if f.options.Source, err = readInput(file); err != nil {
		return err
	}
	if f.options.Plan, err = planfile.Load(f.options.Source, profiles(settings), settings.Catalogue); err != nil {
		return explain(file, err)
	}
	bar := newProgress(p.err, "days simulated")
	f.options.Progress = bar.set
	result, err := p.simulated(ctx, settings, f.options)
	bar.done()
	if err != nil {
		return explain("simulate", err)
	}
	return p.show(result, f)
}

// roomyGC lets the collector wait longer, in per cent: a simulation holds little
// and makes much.
const roomyGC = 400

// simulated runs a simulation on a database that is gone afterwards.
func (p *program) simulated(ctx context.Context, settings config.Config, o simulate.Options) (simulate.Result, error) {
	directory, err := os.MkdirTemp("", "assent-simulate-")
	if err != nil {
		return simulate.Result{}, err
	}
	defer func() { _ = os.RemoveAll(directory) }() // the system clears what is left of a temporary directory
	store, err := models.Open(ctx, "sqlite:"+filepath.Join(directory, "assent.db"), models.Options{Throwaway: true})
	if err != nil {
		return simulate.Result{}, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(roomyGC))
	result, err := simulate.Run(ctx, tracker.Deps{
		Store: store, Catalogue: settings.Catalogue, Guard: tracker.Guard(settings.Breaker),
		Leniency: tracker.Leniency{UndoWindow: settings.Reversals.UndoWindow, HoldSpread: settings.Holds.Spread},
		Pace:     tracker.Pace{Tick: tick},
	}, o)
	return result, errors.Join(err, store.Close())
}

// read turns the flags into options.
func (f *simulateFlags) read(s config.Config) error {
	var err error
	o := &f.options
	if o.Next, err = scheduler.Ticks(s.Scheduler.Tick); err != nil {
		return fmt.Errorf("scheduler.tick: %w", err)
	}
	if o.Accept, err = simulate.ParseCurve(f.accept); err != nil {
		return fmt.Errorf("--accept-curve: %w", err)
	}
	if o.Countries, err = simulate.ParseMix(f.countries); err != nil {
		return fmt.Errorf("--countries: %w", err)
	}
	for _, text := range f.holds {
		h := simulate.Hold{}
		where, when, _ := strings.Cut(text, "@")
		from, to, _ := strings.Cut(when, "..")
		if h.Region = where; where == "all" {
			h.Region = ""
		}
		var wrong error
		h.From, err = instant(from)
		h.To, wrong = instant(to)
		if err = firstError(err, wrong); err != nil || where == "" || !h.To.After(h.From) {
			return fmt.Errorf("--hold %q is not REGION@FROM..TO such as BR@2021-05-07..2021-08-05", text)
		}
		o.Holds = append(o.Holds, h)
	}
	for _, text := range f.reversals {
		what, when, _ := strings.Cut(text, "@")
		r := simulate.Reversal{}
		r.To, r.Region, _ = strings.Cut(what, "/")
		if r.At, err = instant(when); err != nil || r.To == "" {
			return fmt.Errorf("--reverse %q is not STAGE[/REGION]@DAY such as announced@2021-05-28", text)
		}
		o.Reversals = append(o.Reversals, r)
	}
	return explainFaults(o.Check())
}

// explainFaults puts faults of flags in the words of flags.
func explainFaults(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--%w", err)
}

// instant reads a day or an instant, in UTC.
func instant(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is neither a day such as 2021-06-19 nor an instant such as 2021-06-19T00:00:00Z", text)
	}
	return at.UTC(), nil
}

// show prints and writes a result as it was asked for.
func (p *program) show(r simulate.Result, f *simulateFlags) error {
	for file, write := range map[string]func(io.Writer) error{
		f.csv: r.WriteCSV,
		f.svg: func(w io.Writer) error { return r.WriteSVG(w, f.options.Plan.Deadline) },
	} {
		if file == "" {
			continue
		}
		if err := p.writeTo(file, write); err != nil {
			return err
		}
	}
	switch {
	case f.json:
		return json.NewEncoder(p.out).Encode(r)
	case f.csv == "-" || f.svg == "-":
		return nil
	default:
		return r.Write(p.out)
	}
}

// writeTo writes a file, or standard output for "-".
func (p *program) writeTo(file string, write func(io.Writer) error) error {
	if file == "-" {
		return write(p.out)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(write(out), out.Close())
}
