package hybrid_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/hybrid"
)

// someInfo stands for what a phone can do; this message does not look into it.
func someInfo() []byte { return naiveCBOR([]pair{{1, []any{"FIDO_2_0"}}}) }

func TestPostHandshake(t *testing.T) {
	t.Parallel()
	info := someInfo()
	linking := linkingPairs(seededKey("phone"), seededKey("client").PublicKey(), make([]byte, 32))
	ctap := hybrid.PostHandshake{Info: info, Features: []string{"ctap"}}
	for name, row := range map[string]struct {
		m       []pair
		want    hybrid.PostHandshake
		linking bool
		again   bool // ours writes the same
	}{
		"android":             {[]pair{{1, info}}, ctap, false, true},
		"iphone":              {[]pair{{1, info}, {3, []any{"ctap", "dc"}}}, hybrid.PostHandshake{Info: info, Features: []string{"ctap", "dc"}}, false, true},
		"digital_credentials": {[]pair{{3, []any{"dc"}}}, hybrid.PostHandshake{Features: []string{"dc"}}, false, true},
		"nothing":             {[]pair{{3, []any{}}}, hybrid.PostHandshake{}, false, true},
		"padding":             {[]pair{{0, make([]byte, 300)}, {1, info}}, ctap, false, false},
		"ctap_alone":          {[]pair{{1, info}, {3, []any{"ctap"}}}, ctap, false, false},
		"unknown_feature":     {[]pair{{1, info}, {3, []any{"ctap", "zz"}}}, hybrid.PostHandshake{Info: info, Features: []string{"ctap", "zz"}}, false, true},
		"features_no_text":    {[]pair{{1, info}, {3, []any{1, "ctap", []any{}, true}}}, ctap, false, false},
		"unknown_keys":        {[]pair{{1, info}, {4, "?"}, {999, true}}, ctap, false, false},
		"info_empty":          {[]pair{{1, []byte{}}}, hybrid.PostHandshake{Info: []byte{}, Features: []string{"ctap"}}, false, true},
		"linking":             {[]pair{{1, info}, {2, linking}}, ctap, true, false},
		"linking_bytes":       {[]pair{{1, info}, {2, []byte{1}}}, ctap, false, false},
		"linking_incomplete":  {[]pair{{1, info}, {2, linking[1:]}}, ctap, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := naiveCBOR(row.m)
			got, err := hybrid.ParsePostHandshake(b)
			if err != nil {
				t.Fatal(err)
			}
			if (got.Linking != nil) != row.linking {
				t.Errorf("linking %v", got.Linking)
			}
			got.Linking = nil
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
			again, err := row.want.Append([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			if row.again && string(again) != "before"+string(b) {
				t.Errorf("written as %x, want %x", again, b)
			}
		})
	}
}

func TestHostilePostHandshake(t *testing.T) {
	t.Parallel()
	info := someInfo()
	good := naiveCBOR([]pair{{1, info}})
	padded := func(n, tail int) []byte {
		b := append(bytes.Clone(good), make([]byte, n-len(good)-tail)...)
		zeros := n - len(good) - tail
		return append(b, []byte{byte(zeros), byte(zeros >> 8)}[:tail]...)
	}
	for name, row := range map[string]struct {
		b   []byte
		old bool
	}{
		"HYB-10_nothing":                       {nil, true},
		"HYB-10_shutdown_first":                {hybrid.AppendFrame(nil, 0, nil), true},
		"HYB-10_CTAP_before_post_handshake":    {hybrid.AppendFrame(nil, 1, []byte{0, 0xa0}), true},
		"HYB-10_update_before_post_handshake":  {hybrid.AppendFrame(nil, 2, []byte{0xa0}), true},
		"HYB-10_JSON_before_post_handshake":    {hybrid.AppendFrame(nil, 3, []byte("{}")), true},
		"HYB-10_revision_0_padded_to_512":      {padded(512, 2), true},
		"HYB-10_revision_0_padded_to_256":      {padded(256, 1), true},
		"HYB-10_trailing_byte":                 {append(bytes.Clone(good), 0), true},
		"HYB-10_two_maps":                      {slices.Concat(good, good), true},
		"HYB-10_cut":                           {good[:len(good)-1], true},
		"HYB-10_not_canonical":                 {slices.Concat([]byte{0xb8, 1}, good[1:]), true},
		"HYB-10_indefinite_length":             {slices.Concat([]byte{0xbf}, good[1:], []byte{0xff}), true},
		"HYB-10_array":                         {naiveCBOR([]any{1, info}), true},
		"HYB-10_key_twice":                     {naiveCBOR([]pair{{1, info}, {1, info}}), true},
		"HYB-10_no_info":                       {naiveCBOR([]pair{}), false},
		"HYB-10_no_info_but_the_feature":       {naiveCBOR([]pair{{3, []any{"ctap"}}}), false},
		"HYB-10_info_but_not_the_feature":      {naiveCBOR([]pair{{1, info}, {3, []any{"dc"}}}), false},
		"HYB-10_info_map":                      {naiveCBOR([]pair{{1, []pair{}}}), false},
		"HYB-10_features_text":                 {naiveCBOR([]pair{{1, info}, {3, "ctap"}}), false},
		"HYB-10_features_text_and_no_info":     {naiveCBOR([]pair{{3, "dc"}}), false},
		"HYB-10_info_text_and_not_the_feature": {naiveCBOR([]pair{{1, "info"}, {3, []any{"dc"}}}), false},
		"HYB-10_padding_text":                  {naiveCBOR([]pair{{0, "?"}, {1, info}}), false},
		"HYB-10_nested_without_end":            {bytes.Repeat([]byte{0x81}, 1000), true},
		"HYB-10_too_many_features":             {naiveCBOR([]pair{{1, info}, {3, make([]any, 0, 1)}, {4, tooMany()}}), false},
		"HYB-10_announces_more_than_there_are": {[]byte{0xa1, 0x01, 0x5a, 0xff, 0xff, 0xff, 0xff}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := hybrid.ParsePostHandshake(row.b)
			if err == nil || p.Info != nil || p.Features != nil || p.Linking != nil {
				t.Errorf("%+v (error: %v)", p, err)
			}
			if errors.Is(err, hybrid.ErrPeerTooOld) != row.old {
				t.Errorf("too old: %v, error %v", !row.old, err)
			}
		})
	}
}

func tooMany() []any {
	var list []any
	for range 2000 {
		list = append(list, 0)
	}
	return list
}

// A phone that contradicts itself is not written, either.
func TestPostHandshakeAppendRefuses(t *testing.T) {
	t.Parallel()
	for _, p := range []hybrid.PostHandshake{{Info: someInfo()}, {Features: []string{"ctap"}}, {Info: someInfo(), Features: []string{"dc"}}} {
		if b, err := p.Append(nil); err == nil || b != nil {
			t.Errorf("%+v is written as %x", p, b)
		}
	}
}
