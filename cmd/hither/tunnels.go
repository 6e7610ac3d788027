package main

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/tunnel"
)

// tunnels are the values of --tunnel.
type tunnels []string

const tunnelHelp = "a tunnel service, ID=wss://HOST[:PORT][,ca=FILE]: its domain's number on the wire, where it is, and a certificate to trust for it"

func (t *tunnels) flag(cmd *cobra.Command, help string) {
	cmd.Flags().StringArrayVar((*[]string)(t), "tunnel", nil, help)
}

// parse gives the domains in their order, and where services are that are not where
// their domain says. A number alone is a domain with its own address.
func (t tunnels) parse() ([]hybrid.Domain, map[hybrid.Domain]tunnel.Service, error) {
	var domains []hybrid.Domain
	services := map[hybrid.Domain]tunnel.Service{}
	for _, value := range t {
		wrong := func(why string) error {
			return cli.Usage(fmt.Sprintf("--tunnel %s: %s", value, why)).Hint("such as --tunnel 0=wss://relay.example:8443,ca=ca.pem")
		}
		number, rest, located := strings.Cut(value, "=")
		id, err := strconv.ParseUint(number, 0, 16)
		if err != nil {
			return nil, nil, wrong("the number of a domain is 0 to 65535")
		}
		domain := hybrid.Domain(id)
		if !located {
			if _, err := domain.Host(); err != nil {
				return nil, nil, wrong("this domain has no address of its own")
			}
			domains = append(domains, domain)
			continue
		}
		address, file, withCA := strings.Cut(rest, ",ca=")
		service := tunnel.Service{URL: address}
		if !strings.HasPrefix(address, "wss://") && !strings.HasPrefix(address, "ws://") {
			return nil, nil, wrong("its address begins with wss://")
		}
		if withCA {
			if service.RootCAs, err = readRoots(file); err != nil {
				return nil, nil, wrong(err.Error())
			}
		}
		if _, twice := services[domain]; twice {
			return nil, nil, wrong("this domain is there twice")
		}
		domains, services[domain] = append(domains, domain), service
	}
	return domains, services, nil
}

func readRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file) //nolint:gosec // G304: whose file it is, is for who runs this to say
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return roots, nil
}

// transport is what both ends of the hybrid transport have in common.
func transport(services map[hybrid.Domain]tunnel.Service, v voice) hybrid.Transport {
	return hybrid.Transport{
		Dialer:   tunnel.New(tunnel.Config{Proxy: http.ProxyFromEnvironment}),
		Services: services,
		Progress: v.progress,
	}
}
