package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/relyingparty"
)

func (p program) configCommand() *cobra.Command {
	check := configured(&cobra.Command{
		Use:   "check",
		Short: "Judge the configuration without starting anything",
		Args:  cli.Between(0, 0),
		RunE:  func(cmd *cobra.Command, _ []string) error { return p.checkConfig(cmd) },
	})
	show := configured(&cobra.Command{
		Use:   "print",
		Short: "Show each configuration key with its value and where that came from",
		Long:  "Show each configuration key with its value and where that came from, as YAML. Secrets are redacted.",
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, _, err := p.resolve(cmd)
			if err != nil {
				return err
			}
			return r.print(p.stdout)
		},
	})
	reference := &cobra.Command{
		Use:    "reference",
		Short:  "Write the reference page of all keys",
		Hidden: true,
		Args:   cli.Between(0, 0),
		RunE:   func(*cobra.Command, []string) error { return writeReference(p.stdout) },
	}
	return cli.Group(&cobra.Command{Use: "config", Short: "Check and show the configuration"}, check, show, reference)
}

func (p program) checkConfig(cmd *cobra.Command) error {
	_, c, err := p.resolve(cmd)
	if err != nil {
		return err
	}
	s, err := c.judgeSite()
	if err != nil {
		return err
	}
	logger := p.logger(c)
	if c.TLSCertFile != "" {
		if _, err := c.certificate(logger); err != nil {
			return err
		}
	}
	if c.KeyFile != "" {
		if _, _, err := findKey("", c.KeyFile); err != nil {
			return err
		}
	}
	traces, err := p.judgeTracing()
	if err != nil {
		return err
	}
	for _, w := range append(c.warnings(), traces.warnings()...) {
		if _, err := fmt.Fprintln(p.stderr, "hitherd: warning:", w); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(p.stdout, "origin %s\nrp_id %s\n", s.origin, s.rpID)
	return err
}

// judgeSite judges everything about the site that can be judged before the
// listener has its port.
func (c config) judgeSite() (site, error) {
	e, err := parseListen("listen", c.Listen)
	if err != nil {
		return site{}, err
	}
	if c.MetricsListen != "" {
		if _, err := parseListen("metrics_listen", c.MetricsListen); err != nil {
			return site{}, err
		}
	}
	// Any port does: it takes no part in what is judged.
	s, err := c.site(max(e.port, 1))
	if err != nil {
		return site{}, err
	}
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		return site{}, err
	}
	_, err = c.relyingParty(s, keyring, nil)
	return s, err
}

// warnings are what an operator should know of a configuration that works.
func (c config) warnings() []string {
	var w []string
	if c.RateLimits == "off" {
		w = append(w, "rate limits are off: any network may send as many requests as it likes (rate_limits)")
	}
	if c.Attestation == relyingparty.StatementRequire {
		w = append(w, "attestation is required: synced passkeys and some phones are shut out (attestation)")
	}
	if e, err := parseListen("metrics_listen", c.MetricsListen); err == nil && !e.loopback() {
		w = append(w, "metrics_listen "+c.MetricsListen+" can be reached from other machines, and asks nobody who they are (metrics_listen)")
	}
	return w
}
