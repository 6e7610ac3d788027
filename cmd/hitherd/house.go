package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/audit"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// sealGrace is how long the last checkpoint may take when the house is closed.
const sealGrace = time.Second

// house is an opened data directory: what it holds belongs to this process
// until close.
type house struct {
	config    config
	logger    *slog.Logger
	directory *sqlite.Directory
	store     *sqlite.Store
	key       rootkey.Key
	keys      *server.CeremonyKeys
	sealer    *audit.Sealer
	providers account.Providers
	tracer    trace.Tracer // nil: nobody traces
}

// ownDirectory takes the data directory for this process.
func ownDirectory(path string) (*sqlite.Directory, error) {
	d, err := sqlite.OwnDirectory(path)
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, sqlite.ErrOwned):
		return nil, busy("data directory %s is in use by another hitherd: stop that one, or choose another directory with HITHER_DATA_DIR", path)
	default:
		return nil, refused("%w", err)
	}
}

// openHouse opens database and root key in d and makes sure that they belong
// together and to the RP ID. It closes d when it fails.
func openHouse(ctx context.Context, c config, d *sqlite.Directory, rpID string, logger *slog.Logger) (_ *house, err error) {
	h := &house{config: c, logger: logger, directory: d}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	had := d.HasDatabase()
	key, found, err := findKey(d.Path(), c.KeyFile)
	if err != nil {
		return nil, err
	}
	if found && !had && c.KeyFile == "" {
		return nil, refused("%s has a root key and no database: put the database back, or move %s away to begin anew", d.Path(), keyName)
	}
	if h.providers, err = findProviders(d.Path()); err != nil {
		return nil, err
	}
	if h.store, err = openStore(ctx, d, logger); err != nil {
		return nil, err
	}
	system, err := h.store.System(ctx)
	if err != nil {
		return nil, err
	}
	if !found {
		// The key is made after the database, so that the next start can finish
		// what a crash between the two has left.
		if key, err = makeKey(d.Path(), system.KeyCheck != nil); err != nil {
			return nil, err
		}
	}
	h.key = key
	if err := h.claim(ctx, system, rpID); err != nil {
		return nil, err
	}
	if h.keys, err = server.OpenCeremonyKeys(ctx, server.CeremonyKeysConfig{Store: h.store, RootKey: h.key, Logger: logger}); err != nil {
		return nil, err
	}
	epoch, err := h.store.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	h.sealer = audit.NewSealer(audit.SealerConfig{
		Store: h.store, Keys: h.store, RootKey: h.key, Origin: audit.Origin(rpID), Epoch: epoch, Logger: logger,
	})
	h.sealer.Prepare(ctx)
	return h, nil
}

func openStore(ctx context.Context, d *sqlite.Directory, logger *slog.Logger) (*sqlite.Store, error) {
	store, err := sqlite.Open(ctx, sqlite.Config{Directory: d, Logger: logger})
	if err != nil {
		return nil, refused("%w", err)
	}
	return store, nil
}

// claim writes RP ID and key check into a new database, and refuses one that
// belongs to others.
func (h *house) claim(ctx context.Context, system account.System, rpID string) error {
	switch {
	case system.RPID != "" && system.RPID != rpID:
		return refused("the database in %s belongs to RP ID %q and the configuration says %q, where none of its passkeys would work: set rp_id to %q, or choose another data_dir",
			h.directory.Path(), system.RPID, rpID, system.RPID)
	case system.KeyCheck != nil && !h.key.Matches(system.KeyCheck):
		return refused("the root key is not the one that the database in %s was made with: put the right key file back", h.directory.Path())
	}
	if err := h.store.Apply(ctx, account.ClaimSystem{RPID: rpID, KeyCheck: h.key.Check()}); err != nil {
		return fmt.Errorf("claiming the database: %w", err)
	}
	return nil
}

// server makes the server of this house for a site.
func (h *house) server(s site) (*server.Server, error) {
	rp, err := h.config.relyingParty(s, h.keys.Keyring(), h.keys.Now)
	if err != nil {
		return nil, err
	}
	proxies := make([]netip.Prefix, len(h.config.TrustedProxies))
	for i, n := range h.config.TrustedProxies {
		proxies[i] = netip.Prefix(n)
	}
	return server.New(server.Config{
		PublicURL:      s.origin,
		Name:           h.config.Name,
		RelyingParty:   rp,
		RelatedOrigins: h.config.RelatedOrigins,
		Accounts: account.New(account.Config{
			Store:           h.store,
			SessionIdle:     time.Duration(h.config.SessionIdle),
			SessionLifetime: time.Duration(h.config.SessionLifetime),
			Providers:       h.providers,
		}),
		Store:          h.store,
		SignUpOpen:     h.config.Signup == "open",
		TrustedProxies: proxies,
		RateLimitsOff:  h.config.RateLimits == "off",
		PhoneWait:      time.Duration(h.config.PhoneWait),
		DecoyKey:       secret.Hide(h.key.Derive("decoy credential ids")),
		Version:        cli.Version(),
		Ready:          h.store.Ready,
		Backup:         func(ctx context.Context) (server.Backup, error) { return h.backup(ctx, s) },
		Tracer:         h.tracer,
		Logger:         h.logger,
	})
}

// close gives everything back. What was acknowledged is durable already.
func (h *house) close() error {
	var errs []error
	if h.sealer != nil {
		ctx, cancel := context.WithTimeout(context.Background(), sealGrace)
		h.sealer.Finish(ctx)
		cancel()
	}
	if h.store != nil {
		errs = append(errs, h.store.Close())
	}
	if h.directory != nil {
		if err := os.Remove(h.socket()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		errs = append(errs, h.directory.Close())
	}
	return errors.Join(errs...)
}

// socket is the path of the operators' door.
func (h *house) socket() string { return filepath.Join(h.directory.Path(), socketName) }
