package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // people are shown times in their own zone, also in an image without that data

	"assent/config"
	"assent/terms"

	"github.com/spf13/cobra"
)

// Exit codes of the program.
const (
	exitFailure  = 1
	exitSettings = 2 // the settings or the command line cannot be used
	exitUnproved = 3 // what was verified does not prove what it should
)

// program is what the commands share.
type program struct {
	base    []byte // config.yaml, as embedded
	file    string // --config
	environ []string
	out     io.Writer // results
	err     io.Writer // progress, logs and errors
}

// Main runs the command line of the process until it is done or told to stop,
// and returns the exit code. base is the embedded config.yaml.
func Main(base []byte) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, base, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
}

// Run runs one command line and returns the exit code: 0, 1 for a failure, 2
// for settings or arguments that cannot be used, 3 for evidence that does not
// hold. Results go to out; progress,
// logs and errors to errs.
func Run(ctx context.Context, base []byte, args, environ []string, out, errs io.Writer) int {
	p := &program{base: base, environ: environ, out: out, err: errs}
	root := p.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	var invalid *config.Invalid
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &invalid):
		fmt.Fprintf(errs, "assent: the settings cannot be used:\n%v\n", err)
		return exitSettings
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintf(errs, "assent: %v\n", err)
		return exitSettings
	}
	fmt.Fprintf(errs, "assent: %v\n", err)
	if errors.As(err, new(unproved)) {
		return exitUnproved
	}
	return exitFailure
}

// usageError is a command line that cannot be used.
type usageError struct{ error }

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "assent",
		Short: "Track who accepted which terms, and step those who did not through stages of reduced access",
		Long: `Assent tells people when terms change, records their choice as evidence, and
after a deadline steps those who have not accepted through stages of reduced
access, until they accept and everything comes back at once.

Without a command it serves. Try "assent demo" first.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return p.serve(c.Context()) },
	}
	root.PersistentFlags().StringVar(&p.file, "config", "", "settings file, merged over the defaults")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		p.serveCommand(), p.demoCommand(), p.importCommand(),
		p.applyCommand(), p.planCommand(), p.confirmCommand(), p.simulateCommand(), p.previewCommand(),
		p.holdCommand(), p.reverseCommand(), p.undoCommand(), p.approvalsCommand(),
		p.sweepCommand(), p.pauseCommand(), p.resumeCommand(), p.breakerCommand(), p.unreachedCommand(), p.failuresCommand(), p.noticesCommand(), p.explainCommand(),
		p.keyCommand(), p.webhookCommand(), p.staffCommand(), p.migrateCommand(), p.doctorCommand(), p.ledgerCommand(), p.verifyCommand(), p.exportCommand(), p.backupCommand(), p.restoreCommand(),
		p.eraseCommand(), p.scrubCommand(),
	)
	return root
}

// settings loads and checks the configuration.
func (p *program) settings() (config.Config, error) {
	return config.Load(p.base, p.file, p.environ)
}

// explain puts what a failed use-case says about its input on lines of its own.
func explain(what string, err error) error {
	var faults terms.Faults
	if errors.As(err, &faults) {
		return fmt.Errorf("%s:\n%w", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
