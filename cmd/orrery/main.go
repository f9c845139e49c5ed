// Command orrery is the whole product in one binary: the engine with its broker and server, and the tools around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"orrery/serve"
)

// cli is the command line. Flags, environment variables and the configuration file share names: --http.listen,
// ORRERY_HTTP_LISTEN, and listen in the table [http].
type cli struct {
	Config string `name:"config" placeholder:"FILE" help:"TOML file with settings; a flag or an environment variable of the same name wins over it."`
	JSON   bool   `name:"json" help:"Print results as JSON, for machines."`

	Demo       demoCmd        `cmd:"" help:"Run everything at once with a simulated shop: broker, engine, dashboard."`
	Serve      serveCmd       `cmd:"" help:"Run the engine: embedded broker unless --kafka.brokers is given."`
	Doctor     doctorCmd      `cmd:"" help:"Look at settings, ports, broker, clocks, feed, tracker and bots, and say what to do."`
	Replay     replayCmd      `cmd:"" help:"Send files of shop events into the stream."`
	Backtest   backtestCmd    `cmd:"" help:"Measure models on public data, with the code that serves."`
	Bench      benchCmd       `cmd:"" help:"Measure what this machine can do with it."`
	Export     exportCmd      `cmd:"" help:"Fetch a table from a running engine: contacts, recommendations, orders, products, events."`
	Import     importGroup    `cmd:"" help:"Bring in what the shop knows of its contacts."`
	Catalogue  catalogueCmd   `cmd:"" help:"Bring in product feeds, and check them."`
	Topics     topicsCmd      `cmd:"" help:"Look after the topics."`
	Deadletter deadletterCmd  `cmd:"" help:"Look at records that could not be understood, and send them again."`
	Snapshot   snapshotCmd    `cmd:"" help:"Look into snapshots, and take the facts out of one and into another place."`
	Erase      eraseCmd       `cmd:"" help:"Forget a contact or a visitor, and look whether that is so."`
	Keys       keysCmd        `cmd:"" help:"Make and list keys of the HTTP server."`
	Define     definitionsCmd `cmd:"" name:"settings" help:"Keep what shops set, like frames, in files."`
	Settings   configCmd      `cmd:"" name:"config" help:"Check or print the configuration."`
	Version    versionCmd     `cmd:"" help:"Print the version."`
}

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var c cli
	settings := newSettings()
	parser, err := kong.New(&c,
		kong.Name("orrery"),
		kong.Description("Real-time analytics and recommendations for online shops."),
		kong.Resolvers(settings),
		helpWords(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Writers(os.Stdout, os.Stderr),
	)
	if err != nil {
		panic(fmt.Sprintf("BUG: command line: %v", err))
	}
	if err := settings.load(args); err != nil {
		complain(os.Stderr, err)
		return exitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		complain(os.Stderr, err)
		var p *kong.ParseError
		if errors.As(err, &p) && p.Context.Command() != "" {
			fmt.Fprintf(os.Stderr, "See: orrery %s --help\n", p.Context.Command())
		}
		return exitUsage
	}
	if unknown := settings.unknown(parser.Model); unknown != nil {
		complain(os.Stderr, unknown)
		return exitUsage
	}
	stop, cancel := signalContext()
	defer cancel()
	ctx.BindTo(stop, (*context.Context)(nil))
	if err := ctx.Run(&c, settings); err != nil {
		complain(os.Stderr, err)
		return exitFailed
	}
	return 0
}

// helpWords are what help texts name.
func helpWords() kong.Vars {
	return kong.Vars{"presets": strings.Join(replayPresets(), ", "), "params": strings.Join(serve.DefaultParameters, ", "), "exports": strings.Join(exportNames(), ",")}
}

// signalContext ends with the first SIGINT or SIGTERM; the second one ends the process at once.
func signalContext() (context.Context, context.CancelFunc) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, cancel) // back to the default action
	return ctx, cancel
}
