package main

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/front"
	"github.com/hitherauth/hither/tunnel/relay"
)

const relayLong = `Be a tunnel service: join a phone and the program that it signs in to, and move what they say to each other, sealed.

Standard output gets one line, "listening" and the address, once it does. GET /readyz answers 200 until the relay is told
to stop. SIGTERM and Ctrl-C let open tunnels come to their end for --grace; a second one ends the relay at once.

There is no service without TLS: give a certificate, or say with --plain that a proxy in front has one.

  hither relay --listen :443 --tls-cert-file cert.pem --tls-key-file key.pem
  hither relay --listen 127.0.0.1:8090 --plain --trusted-proxies 127.0.0.1`

// relayFlags are the flags of hither relay.
type relayFlags struct {
	listen, metricsListen string
	certFile, keyFile     string
	plain                 bool
	trustedProxies        []string
	origins               []string
	node                  uint8
	grace                 time.Duration
	logLevel              slog.Level
	logFormat             string
	limits                relay.Limits

	proxies front.Proxies // of trustedProxies, after check
}

func (p program) relayCommand() *cobra.Command {
	f := relayFlags{limits: relay.DefaultLimits()}
	cmd := &cobra.Command{
		Use:   "relay",
		Short: "Be a tunnel service, through which phones and programs reach each other",
		Long:  relayLong,
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return p.relay(ctx, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8090", "address to listen on; port 0 lets the system choose")
	flags.StringVar(&f.certFile, "tls-cert-file", "", "PEM file of the certificate and its chain; read again when it changes")
	flags.StringVar(&f.keyFile, "tls-key-file", "", "PEM file of the certificate's private key")
	flags.BoolVar(&f.plain, "plain", false, "no TLS here: a proxy in front of the relay has it")
	flags.StringSliceVar(&f.trustedProxies, "trusted-proxies", nil, "addresses or networks of proxies whose X-Forwarded-For is believed")
	flags.StringSliceVar(&f.origins, "origins", nil, "origins of pages that may open tunnels; programs and phones always may")
	flags.Uint8Var(&f.node, "node", 0, "number of this relay among those behind one name")
	flags.StringVar(&f.metricsListen, "metrics-listen", "", "address to answer GET /metrics on; empty: nowhere")
	flags.DurationVar(&f.grace, "grace", 30*time.Second, "how long open tunnels may take to end when the relay is told to")
	flags.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "least important messages that are logged (debug, info, warn, error)")
	flags.StringVar(&f.logFormat, "log-format", "text", "form of the log (text, json)")
	for _, l := range relayLimits(&f.limits) {
		l.addTo(flags)
	}
	return cmd
}

// check refuses what cannot be served.
func (f *relayFlags) check() error {
	if err := f.checkTLS(); err != nil {
		return err
	}
	for _, text := range f.trustedProxies {
		network, err := front.ParseNetwork(text)
		if err != nil {
			return cli.Usage("--trusted-proxies: " + err.Error())
		}
		f.proxies = append(f.proxies, network)
	}
	for _, text := range f.origins {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "https" || "https://"+u.Host != text {
			return cli.Usage("--origins: " + strconv.Quote(text) + " is no origin such as https://app.example")
		}
	}
	for flag, address := range map[string]string{"listen": f.listen, "metrics-listen": f.metricsListen} {
		_, port, err := net.SplitHostPort(address)
		if _, notPort := strconv.ParseUint(port, 10, 16); address != "" && (err != nil || notPort != nil) {
			return cli.Usage("--" + flag + " " + strconv.Quote(address) + " is no address and port: write it like 127.0.0.1:8090")
		}
	}
	for _, l := range relayLimits(&f.limits) {
		if !l.positive() {
			return cli.Usage("--" + l.name + " is more than nothing")
		}
	}
	switch {
	case f.listen == "":
		return cli.Usage("--listen is empty")
	case f.grace < 0:
		return cli.Usage("--grace is not negative")
	case f.logFormat != "text" && f.logFormat != "json":
		return cli.Usage("--log-format is text or json")
	}
	return nil
}

// checkTLS wants TLS to be here or, on the operator's word, in front.
func (f *relayFlags) checkTLS() error {
	switch {
	case (f.certFile == "") != (f.keyFile == ""):
		return cli.Usage("--tls-cert-file and --tls-key-file belong together: give both, or --plain")
	case f.certFile != "" && f.plain:
		return cli.Usage("--plain and a certificate: choose one")
	case f.certFile == "" && !f.plain:
		return cli.Usage("a relay needs a certificate").
			Hint("give --tls-cert-file and --tls-key-file").
			Hint("or --plain, behind a proxy that has one: see docs/relay.md")
	}
	return nil
}

// warnings are what is allowed and hardly meant.
func (f *relayFlags) warnings() []string {
	var out []string
	if f.plain && !loopback(f.listen) {
		out = append(out, "--plain at an address that other machines reach: whoever does not come through the proxy is served without TLS")
	}
	if f.plain && len(f.proxies) == 0 {
		out = append(out, "--plain without --trusted-proxies: everybody behind the proxy is counted as one network, and shares its limits")
	}
	if f.metricsListen != "" && !loopback(f.metricsListen) {
		out = append(out, "--metrics-listen can be reached from other machines, and asks nobody who they are")
	}
	need := 2*uint64(f.limits.Tunnels) + uint64(f.limits.Listeners) //nolint:gosec // G115: check wants them positive
	if files, limited := openFiles(); limited && files < need {
		out = append(out, "this process may have "+strconv.FormatUint(files, 10)+" files open, and --tunnels with --listeners may take "+
			strconv.FormatUint(need, 10)+": raise the limit (LimitNOFILE, ulimit -n) or lower them")
	}
	return out
}

// loopback says whether only this machine reaches an address to listen on.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}
