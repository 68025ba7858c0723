// Command cluster runs a command beside a private PostgreSQL cluster, whose
// URL the command finds in its environment, and exits as the command did. The
// cluster is gone afterwards. `make test` runs all packages beside one.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"assent/internal/testenv"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: cluster COMMAND [ARGUMENT]...")
		os.Exit(2)
	}
	err := beside(os.Args[1], os.Args[2:])
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func beside(name string, args []string) error {
	c, err := testenv.Start()
	if err != nil {
		return err
	}
	// A Ctrl-C reaches the command as well; when that has ended, so do we.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)

	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), testenv.Variable+"="+c.URL)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return errors.Join(cmd.Run(), c.Stop())
}
