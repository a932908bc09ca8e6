// Command verify holds the orders database against the track_users database: is every order counted, once? "make
// verify" runs it on the databases of "make run".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"ordertrack/scripts/verify/audit"
	"ordertrack/shared/settings"
)

const (
	program = "verify"
	summary = "holds the orders database against the track_users database\n\n" +
		"  verify [--wait 30s] [--json]\n\n" +
		"  --wait   wait for events on their way, at most this long\n" +
		"  --json   print the whole report as JSON\n\n" +
		"It only reads. The exit code is 0 when every order is counted once, 1 on any difference, and 2 when it cannot\n" +
		"tell: a database is away, or events are still on their way. (go run, and so make, report each failure alike: build\n" +
		"the program to tell 1 from 2.)"
)

// config holds the settings.
type config struct {
	Orders string `env:"ORDERS_DATABASE_URL" default:"postgres://postgres@localhost:5432/orders" help:"database of order_service"`
	Track  string `env:"TRACK_DATABASE_URL" default:"postgres://postgres@localhost:5432/track_users" help:"database of track_users"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	verdict := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(int(verdict))
}

// run is the program without the process around it.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) audit.Verdict {
	opts, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		if err := settings.Help[config](stdout, program, summary); err != nil {
			return cannotTell(stderr, err)
		}
		return audit.Exact
	}
	if err != nil {
		return cannotTell(stderr, err)
	}
	cfg, err := settings.Load[config](environ)
	if err != nil {
		return cannotTell(stderr, err)
	}
	report, err := opts.audit(ctx, audit.Databases{Orders: cfg.Orders, Track: cfg.Track})
	if err != nil {
		return cannotTell(stderr, err)
	}
	if err := opts.print(stdout, report); err != nil {
		return cannotTell(stderr, err)
	}
	return report.Verdict()
}

func cannotTell(stderr io.Writer, err error) audit.Verdict {
	fmt.Fprintf(stderr, "%s: cannot tell: %v\n", program, err)
	return audit.Unknown
}

type options struct {
	wait time.Duration
	json bool
}

func parse(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong
	flags.DurationVar(&opts.wait, "wait", 0, "")
	flags.BoolVar(&opts.json, "json", false, "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unknown argument %q, see --help", flags.Arg(0))
	}
	return opts, nil
}

// audit waits first if told to. Whatever kept it from coming to rest in time is in the report, or the audit's own error.
func (o options) audit(ctx context.Context, databases audit.Databases) (*audit.Report, error) {
	if o.wait > 0 {
		waiting, cancel := context.WithTimeout(ctx, o.wait)
		defer cancel()
		_ = audit.AwaitRest(waiting, databases)
	}
	return audit.Run(ctx, databases)
}

func (o options) print(w io.Writer, report *audit.Report) error {
	if !o.json {
		_, err := fmt.Fprintln(w, report)
		return err
	}
	if err := json.MarshalWrite(w, report, jsontext.Multiline(true), json.FormatNilSliceAsNull(false)); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err := fmt.Fprintln(w)
	return err
}
