// Assent tracks who accepted which terms, and what happens to those who have not.
package main

import (
	_ "embed"
	"os"

	"assent/cli"
)

// defaults are the documented settings every build carries.
//
//go:embed config.yaml
var defaults []byte

func main() { os.Exit(cli.Main(defaults)) }
