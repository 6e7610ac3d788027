package hybrid

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hitherauth/hither/internal/cbor"
)

// ErrPeerTooOld says that the phone speaks the transport as it was before CTAP 2.2, which
// padded what it says after the handshake in another way.
var ErrPeerTooOld = errors.New("the phone speaks an older revision of the hybrid transport")

// Features that a phone may have.
const (
	// FeatureCTAP: it answers CTAP2 requests.
	FeatureCTAP = "ctap"
	// FeatureDigitalCredentials: it answers requests in JSON for digital credentials.
	FeatureDigitalCredentials = "dc"
)

// postHandshake is what a phone says of itself after the handshake, unasked and
// before anything else, without a frame type, CTAP 2.2 §11.5.
type postHandshake struct {
	// info is the map of authenticatorGetInfo, without a status byte; nil if and
	// only if features lacks FeatureCTAP.
	info     []byte
	features []string
	// linking is what older phones say here instead of in an update. Nil if there
	// is none, and if it is not as an update would have it.
	linking *linkingInfo
}

// Keys of the map. Key 0 is padding.
const (
	postInfo     = int64(1)
	postLinking  = int64(2)
	postFeatures = int64(3)
)

// append appends the message to b. It says nothing of linking.
func (p postHandshake) append(b []byte) ([]byte, error) {
	m := map[any]any{}
	if slices.Contains(p.features, FeatureCTAP) != (p.info != nil) {
		return nil, errInfoAndFeature
	}
	if p.info != nil {
		m[postInfo] = p.info
	}
	// Absent is what strict decoders of the past can read.
	if !slices.Equal(p.features, []string{FeatureCTAP}) {
		features := []any{}
		for _, f := range p.features {
			features = append(features, f)
		}
		m[postFeatures] = features
	}
	text, err := cbor.Encode(m)
	if err != nil {
		return nil, err
	}
	return append(b, text...), nil
}

var errInfoAndFeature = errors.New("a phone says what it can do if it answers CTAP requests, and only then")

// parsePostHandshake reads the message. ErrPeerTooOld is the error for anything
// but exactly one map in canonical CBOR.
func parsePostHandshake(b []byte) (postHandshake, error) {
	v, err := cbor.Message.Decode(b)
	switch {
	case errors.Is(err, cbor.ErrLimit):
		return postHandshake{}, err
	case err != nil:
		return postHandshake{}, fmt.Errorf("%w: %w", ErrPeerTooOld, err)
	}
	m, ok := v.(map[any]any)
	if !ok {
		return postHandshake{}, fmt.Errorf("%w: what it can do is %s", ErrPeerTooOld, cbor.Describe(v))
	}
	if err := checkPadding(m); err != nil {
		return postHandshake{}, err
	}
	var p postHandshake
	if p.features, err = featuresOf(m); err != nil {
		return postHandshake{}, err
	}
	if info, ok := m[postInfo]; ok {
		if p.info, ok = info.([]byte); !ok {
			return postHandshake{}, fmt.Errorf("what it can do is %s", cbor.Describe(info))
		}
	}
	if slices.Contains(p.features, FeatureCTAP) != (p.info != nil) {
		return postHandshake{}, errInfoAndFeature
	}
	if linking, ok := m[postLinking].(map[any]any); ok {
		if info, err := linkingFromMap(linking); err == nil {
			p.linking = &info
		}
	}
	return p, nil
}

// featuresOf leaves out entries that are no text.
func featuresOf(m map[any]any) ([]string, error) {
	v, ok := m[postFeatures]
	if !ok {
		return []string{FeatureCTAP}, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("the list of features is %s", cbor.Describe(v))
	}
	var features []string
	for _, entry := range list {
		if text, ok := entry.(string); ok {
			features = append(features, text)
		}
	}
	return features, nil
}

// checkPadding looks at key 0, which this message and updates have for padding.
func checkPadding(m map[any]any) error {
	if v, ok := m[paddingKey]; ok {
		if _, ok := v.([]byte); !ok {
			return fmt.Errorf("the padding is %s", cbor.Describe(v))
		}
	}
	return nil
}
