package main

import (
	"encoding"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"

	"github.com/hitherauth/hither/internal/front"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// config is the configuration of hitherd. What each key means stands in
// settings.
type config struct {
	PublicURL               string                       `koanf:"public_url"`
	Listen                  string                       `koanf:"listen"`
	MetricsListen           string                       `koanf:"metrics_listen"`
	DataDir                 string                       `koanf:"data_dir"`
	KeyFile                 string                       `koanf:"key_file"`
	RPID                    string                       `koanf:"rp_id"`
	RelatedOrigins          []string                     `koanf:"related_origins"`
	Name                    string                       `koanf:"name"`
	Signup                  string                       `koanf:"signup"`
	TrustedProxies          []network                    `koanf:"trusted_proxies"`
	TLSCertFile             string                       `koanf:"tls_cert_file"`
	TLSKeyFile              string                       `koanf:"tls_key_file"`
	RateLimits              string                       `koanf:"rate_limits"`
	Attestation             relyingparty.StatementPolicy `koanf:"attestation"`
	AttestationAAGUIDs      []webauthn.AAGUID            `koanf:"attestation_aaguids"`
	AttestationRootsFile    string                       `koanf:"attestation_roots_file"`
	AttestationMetadataFile string                       `koanf:"attestation_metadata_file"`
	Algorithms              []algorithm                  `koanf:"algorithms"`
	SessionIdle             duration                     `koanf:"session_idle"`
	SessionLifetime         duration                     `koanf:"session_lifetime"`
	PhoneWait               duration                     `koanf:"phone_wait"`
	LogLevel                slog.Level                   `koanf:"log_level"`
	LogFormat               string                       `koanf:"log_format"`
}

// Bounds of phone_wait. Below, pages would advise people who have not read the
// question yet; above, browsers have given up before.
const (
	minPhoneWait = time.Second
	maxPhoneWait = 5 * time.Minute
)

// decode makes a config of a value for each key and judges what can be judged
// without looking at files or the network.
func (r resolved) decode() (config, error) {
	var c config
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result:      &c,
		TagName:     "koanf",
		MatchName:   func(key, field string) bool { return key == field },
		ErrorUnused: true,
		ErrorUnset:  true,
		DecodeHook:  mapstructure.TextUnmarshallerHookFunc(),
	})
	if err != nil {
		return config{}, fmt.Errorf("preparing the configuration: %w", err)
	}
	if err := decoder.Decode(r.values); err != nil {
		return config{}, r.explain(err)
	}
	if err := r.judge(c); err != nil {
		return config{}, err
	}
	return c, nil
}

func (r resolved) judge(c config) error {
	switch {
	case strings.TrimSpace(c.Name) == "" || len(c.Name) > 64:
		return refused("%s: the name has %d bytes, and must have 1 to 64", r.sources["name"], len(c.Name))
	case c.DataDir == "":
		return refused("%s: the data directory is empty", r.sources["data_dir"])
	case (c.TLSCertFile == "") != (c.TLSKeyFile == ""):
		return refused("tls_cert_file and tls_key_file belong together: set both or neither")
	case len(c.Algorithms) == 0:
		return refused("%s: no algorithm is left: name at least one", r.sources["algorithms"])
	case c.SessionIdle > c.SessionLifetime:
		return refused("session_idle (%v) is longer than session_lifetime (%v): make it shorter",
			time.Duration(c.SessionIdle), time.Duration(c.SessionLifetime))
	case time.Duration(c.PhoneWait) < minPhoneWait || time.Duration(c.PhoneWait) > maxPhoneWait:
		return refused("%s: %v is not between %v and %v", r.sources["phone_wait"], time.Duration(c.PhoneWait), minPhoneWait, maxPhoneWait)
	}
	return nil
}

// explain turns the decoder's report into one sentence that says where the
// value came from.
func (r resolved) explain(err error) error {
	var field *mapstructure.DecodeError
	if !errors.As(err, &field) {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	key, _, _ := strings.Cut(field.Name(), "[")
	cause := field.Unwrap()
	for errors.As(cause, &field) {
		cause = field.Unwrap()
	}
	return refused("%s: %w", r.sources[key], cause)
}

// Every type below reads itself from the text of a configuration value.
var (
	_ encoding.TextUnmarshaler = (*network)(nil)
	_ encoding.TextUnmarshaler = (*algorithm)(nil)
	_ encoding.TextUnmarshaler = (*duration)(nil)
)

// network is an address prefix; a single address is a prefix of its whole
// length.
type network netip.Prefix

func (n *network) UnmarshalText(text []byte) error {
	p, err := front.ParseNetwork(string(text))
	*n = network(p)
	return err
}

// algorithm is a COSE algorithm by its name.
type algorithm webauthn.Algorithm

func (a *algorithm) UnmarshalText(text []byte) error {
	switch string(text) {
	case "EdDSA":
		*a = algorithm(webauthn.EdDSA)
	case "ES256":
		*a = algorithm(webauthn.ES256)
	case "ES384":
		*a = algorithm(webauthn.ES384)
	case "ES512":
		*a = algorithm(webauthn.ES512)
	case "RS256":
		*a = algorithm(webauthn.RS256)
	default:
		return fmt.Errorf("%q is not one of EdDSA, ES256, ES384, ES512, RS256", text)
	}
	return nil
}

// duration is a positive time.Duration that also knows days.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			s = strconv.FormatUint(24*n, 10) + "h"
		}
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is not a time such as 90m, 12h or 7d", text)
	}
	*d = duration(v)
	return nil
}
