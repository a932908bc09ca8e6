// Command ordertrack is for people: it places orders, looks them and their users up, and follows the counters.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"ordertrack/scripts/program"
)

// The exit codes.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

func main() { program.Main(run) }

// run is the program without the process around it. The context ends it; watch ends so in order.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	var (
		grammar cli
		helped  bool
	)
	parser, err := kong.New(&grammar,
		kong.Name("ordertrack"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Exit(func(int) { helped = true }), // only --help ends here
		addresses(environ),
	)
	if err != nil {
		return fail(stderr, exitFailed, err)
	}
	command, err := parser.Parse(orHelp(args))
	switch {
	case helped:
		return exitOK
	case err != nil:
		return fail(stderr, exitUsage, fmt.Errorf("%w; see ordertrack --help", err))
	}
	s, err := open(ctx, &grammar, stdout, stderr)
	if err != nil {
		return fail(stderr, exitUsage, err)
	}
	defer s.close()
	if err := command.Run(s); err != nil {
		return fail(stderr, exitFailed, s.explain(err))
	}
	return exitOK
}

// orHelp has those who say nothing read the help.
func orHelp(args []string) []string {
	if len(args) == 0 {
		return []string{"--help"}
	}
	return args
}

// addresses are the defaults of the flags that the environment may set.
func addresses(environ []string) kong.Vars {
	vars := kong.Vars{
		"ORDERS_URL": "http://localhost:8080", "USERS_URL": "http://localhost:8081",
		"ORDERS_ADMIN_URL": "http://localhost:9080", "USERS_ADMIN_URL": "http://localhost:9081",
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if _, ok := vars[name]; ok && value != "" {
			vars[name] = value
		}
	}
	return vars
}

func fail(stderr io.Writer, code int, err error) int {
	fmt.Fprintln(stderr, "ordertrack: "+oneLine(err.Error()))
	return code
}

// isTerminal tells whether out is a terminal that can be drawn on.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && terminal(file)
}
