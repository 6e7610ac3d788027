package ctap2_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/internal/cbor"
)

type hostile struct {
	name    string
	request []byte
	want    ctap2.StatusCode
}

// HYB-12: whatever is asked, there is a status code for it, the authenticator is
// not, and the next one is served.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	rows := slices.Concat(hostileBytes(t), hostileMakeCredential(t), hostileGetAssertion(t), missingMembers(t))
	names := map[string]bool{}
	for _, row := range rows {
		if names[row.name] {
			t.Errorf("two rows are called %s", row.name)
		}
		names[row.name] = true
		t.Run("HYB-12_"+row.name, func(t *testing.T) {
			t.Parallel()
			a := willing()
			got := ctap2.Handle(t.Context(), a, row.request)
			if len(got) != 1 || ctap2.StatusCode(got[0]) != row.want {
				t.Errorf("answer %x, want %v", got, row.want)
			}
			if len(a.asked) != 0 {
				t.Errorf("the authenticator was asked: %v", a.asked)
			}
			if _, err := remote(a).GetAssertion(t.Context(), getAssertionRequest()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// hostileBytes are no requests at all.
func hostileBytes(t *testing.T) []hostile {
	t.Helper()
	valid := edited(t, getAssertionRequest(), func(map[any]any) {})
	with := func(command ctap2.Command, body ...byte) []byte { return append([]byte{byte(command)}, body...) }
	rows := []hostile{
		{"nothing", nil, ctap2.StatusInvalidLength},
		{"command_alone", with(ctap2.CommandGetAssertion), ctap2.StatusInvalidCBOR},
		{"get_info_with_a_body", with(ctap2.CommandGetInfo, 0xa0), ctap2.StatusInvalidLength},
		{"array", with(ctap2.CommandGetAssertion, 0x80), ctap2.StatusCBORUnexpectedType},
		{"null", with(ctap2.CommandGetAssertion, 0xf6), ctap2.StatusCBORUnexpectedType},
		{"empty_map", with(ctap2.CommandMakeCredential, 0xa0), ctap2.StatusMissingParameter},
		{"trailing_byte", with(ctap2.CommandGetAssertion, append(bytes.Clone(valid), 0)...), ctap2.StatusInvalidCBOR},
		{"cut_short", with(ctap2.CommandGetAssertion, valid[:len(valid)-1]...), ctap2.StatusInvalidCBOR},
		{"indefinite_length", with(ctap2.CommandGetAssertion, 0xbf, 0xff), ctap2.StatusInvalidCBOR},
		{"same_key_twice", with(ctap2.CommandGetAssertion, 0xa2, 1, 0x61, 'a', 1, 0x61, 'b'), ctap2.StatusInvalidCBOR},
		{"keys_out_of_order", with(ctap2.CommandGetAssertion, 0xa2, 2, 0x40, 1, 0x61, 'a'), ctap2.StatusInvalidCBOR},
		{"long_form_of_a_key", with(ctap2.CommandGetAssertion, 0xa1, 0x18, 1, 0x61, 'a'), ctap2.StatusInvalidCBOR},
		{"tag", with(ctap2.CommandGetAssertion, 0xc1, 0xa0), ctap2.StatusInvalidCBOR},
		{"depth_bomb_of_arrays", with(ctap2.CommandMakeCredential, bytes.Repeat([]byte{0x81}, 10_000)...), ctap2.StatusInvalidCBOR},
		{"depth_bomb_of_1_mib", with(ctap2.CommandMakeCredential, bytes.Repeat([]byte{0x81}, 1<<20)...), ctap2.StatusLimitExceeded},
		{"depth_bomb_of_maps", with(ctap2.CommandMakeCredential, bytes.Repeat([]byte{0xa1, 1}, 5_000)...), ctap2.StatusInvalidCBOR},
		{"map_of_2_to_32", with(ctap2.CommandMakeCredential, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0), ctap2.StatusLimitExceeded},
		{"bytes_of_2_to_62", with(ctap2.CommandMakeCredential, 0x5b, 0x40, 0, 0, 0, 0, 0, 0, 0), ctap2.StatusInvalidCBOR},
		{"over_1_mib", with(ctap2.CommandMakeCredential, make([]byte, 1<<20+1)...), ctap2.StatusRequestTooLarge},
	}
	for n := range 256 {
		switch c := ctap2.Command(n); c {
		case ctap2.CommandMakeCredential, ctap2.CommandGetAssertion, ctap2.CommandGetInfo:
		default:
			rows = append(rows, hostile{fmt.Sprintf("command_%02x", n), with(c, valid...), ctap2.StatusInvalidCommand})
		}
	}
	return rows
}

// missingMembers leave out one required member each.
func missingMembers(t *testing.T) []hostile {
	t.Helper()
	var rows []hostile
	for _, q := range []struct {
		command ctap2.Command
		valid   appender
		keys    int64
	}{{ctap2.CommandMakeCredential, makeCredentialRequest(), 4}, {ctap2.CommandGetAssertion, getAssertionRequest(), 2}} {
		for key := range q.keys {
			b := edited(t, q.valid, func(m map[any]any) { delete(m, key+1) })
			rows = append(rows, hostile{fmt.Sprintf("%v_without_%d", q.command, key+1), append([]byte{byte(q.command)}, b...), ctap2.StatusMissingParameter})
		}
	}
	return rows
}

// descriptors are n credentials.
func descriptors(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = map[any]any{"id": []byte{byte(i >> 8), byte(i)}, "type": "public-key"}
	}
	return list
}

func hostileMakeCredential(t *testing.T) []hostile {
	t.Helper()
	row := func(name string, want ctap2.StatusCode, edit func(m map[any]any)) hostile {
		b := edited(t, makeCredentialRequest(), edit)
		return hostile{"make_credential_" + name, append([]byte{byte(ctap2.CommandMakeCredential)}, b...), want}
	}
	inner := func(m map[any]any, key int64) map[any]any {
		v, _ := m[key].(map[any]any)
		return v
	}
	first := func(m map[any]any, key int64) map[any]any {
		list, _ := m[key].([]any)
		v, _ := list[0].(map[any]any)
		return v
	}
	rows := []hostile{
		row("hash_of_31_bytes", ctap2.StatusInvalidLength, func(m map[any]any) { m[int64(1)] = make([]byte, 31) }),
		row("hash_of_33_bytes", ctap2.StatusInvalidLength, func(m map[any]any) { m[int64(1)] = make([]byte, 33) }),
		row("no_rp_id", ctap2.StatusMissingParameter, func(m map[any]any) { delete(inner(m, 2), "id") }),
		row("empty_rp_id", ctap2.StatusInvalidLength, func(m map[any]any) { inner(m, 2)["id"] = "" }),
		row("rp_id_of_254_bytes", ctap2.StatusLimitExceeded, func(m map[any]any) { inner(m, 2)["id"] = strings.Repeat("a", 254) }),
		row("rp_id_of_almost_1_mib", ctap2.StatusLimitExceeded, func(m map[any]any) { inner(m, 2)["id"] = strings.Repeat("a", 1<<20-1<<10) }),
		row("rp_id_of_1_mib", ctap2.StatusRequestTooLarge, func(m map[any]any) { inner(m, 2)["id"] = strings.Repeat("a", 1<<20) }),
		row("rp_id_is_bytes", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { inner(m, 2)["id"] = []byte("a") }),
		row("rp_name_is_null", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { inner(m, 2)["name"] = nil }),
		row("no_user_id", ctap2.StatusMissingParameter, func(m map[any]any) { delete(inner(m, 3), "id") }),
		row("empty_user_id", ctap2.StatusInvalidLength, func(m map[any]any) { inner(m, 3)["id"] = []byte{} }),
		row("user_id_of_65_bytes", ctap2.StatusLimitExceeded, func(m map[any]any) { inner(m, 3)["id"] = make([]byte, 65) }),
		row("user_id_is_text", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { inner(m, 3)["id"] = "a" }),
		row("display_name_is_a_number", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { inner(m, 3)["displayName"] = int64(1) }),
		row("parameter_without_alg", ctap2.StatusMissingParameter, func(m map[any]any) { delete(first(m, 4), "alg") }),
		row("parameter_without_type", ctap2.StatusMissingParameter, func(m map[any]any) { delete(first(m, 4), "type") }),
		row("parameter_is_a_number", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { m[int64(4)] = []any{int64(-7)} }),
		row("alg_is_text", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { first(m, 4)["alg"] = "ES256" }),
		row("exclude_list_of_1025", ctap2.StatusLimitExceeded, func(m map[any]any) { m[int64(5)] = descriptors(1025) }),
		row("exclude_list_of_10000", ctap2.StatusLimitExceeded, func(m map[any]any) { m[int64(5)] = descriptors(10_000) }),
		row("excluded_without_id", ctap2.StatusMissingParameter, func(m map[any]any) { delete(first(m, 5), "id") }),
		row("excluded_with_an_empty_id", ctap2.StatusInvalidLength, func(m map[any]any) { first(m, 5)["id"] = []byte{} }),
		row("excluded_with_1024_bytes", ctap2.StatusLimitExceeded, func(m map[any]any) { first(m, 5)["id"] = make([]byte, 1024) }),
		row("transport_is_a_number", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { first(m, 5)["transports"] = []any{int64(1)} }),
		row("extension_of_a_number", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { m[int64(6)] = map[any]any{int64(1): true} }),
		row("extension_too_deep", ctap2.StatusInvalidCBOR, func(m map[any]any) {
			m[int64(6)] = map[any]any{"x": []any{[]any{[]any{[]any{[]any{[]any{[]any{}}}}}}}}
		}),
		row("extensions_of_16384_items", ctap2.StatusLimitExceeded, func(m map[any]any) {
			wide := make([]any, 1024)
			m[int64(6)] = map[any]any{"x": slices.Repeat([]any{wide}, 16)}
		}),
		row("option_is_a_number", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { m[int64(7)] = map[any]any{"rk": int64(1)} }),
		row("option_of_a_number", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { m[int64(7)] = map[any]any{int64(1): true} }),
		row("protocol_0", ctap2.StatusInvalidParameter, func(m map[any]any) { m[int64(9)] = int64(0) }),
		row("negative_attestation", ctap2.StatusInvalidParameter, func(m map[any]any) { m[int64(10)] = int64(-1) }),
	}
	for key := range int64(11) {
		rows = append(rows, row(fmt.Sprintf("member_%d_is_a_float", key+1), ctap2.StatusCBORUnexpectedType, func(m map[any]any) { m[key+1] = 1.5 }))
	}
	return rows
}

func hostileGetAssertion(t *testing.T) []hostile {
	t.Helper()
	row := func(name string, want ctap2.StatusCode, edit func(m map[any]any)) hostile {
		b := edited(t, getAssertionRequest(), edit)
		return hostile{"get_assertion_" + name, append([]byte{byte(ctap2.CommandGetAssertion)}, b...), want}
	}
	rows := []hostile{
		row("empty_rp_id", ctap2.StatusInvalidLength, func(m map[any]any) { m[int64(1)] = "" }),
		row("rp_id_of_almost_1_mib", ctap2.StatusLimitExceeded, func(m map[any]any) { m[int64(1)] = strings.Repeat("a", 1<<20-1<<10) }),
		row("allow_list_of_10000", ctap2.StatusLimitExceeded, func(m map[any]any) { m[int64(3)] = descriptors(10_000) }),
		row("allowed_is_bytes", ctap2.StatusCBORUnexpectedType, func(m map[any]any) { m[int64(3)] = []any{[]byte{1}} }),
	}
	for key := range int64(9) {
		rows = append(rows, row(fmt.Sprintf("member_%d_is_null", key+1), ctap2.StatusCBORUnexpectedType, func(m map[any]any) { m[key+1] = nil }))
	}
	return rows
}

// The largest that is still right.
func TestLimitsAreReached(t *testing.T) {
	t.Parallel()
	q := edited(t, makeCredentialRequest(), func(m map[any]any) {
		m[int64(2)] = map[any]any{"id": strings.Repeat("a", 253), "name": strings.Repeat("n", 900<<10)}
		m[int64(3)] = map[any]any{"id": make([]byte, 64)}
		m[int64(5)] = descriptors(1024)
		m[int64(999)] = "members of later versions are ignored"
	})
	got, err := ctap2.ParseMakeCredentialRequest(q)
	if err != nil || len(got.ExcludeList) != 1024 || len(got.RP.Name) != 900<<10 {
		t.Errorf("%d excluded, %v", len(got.ExcludeList), err)
	}
}

// HYB-12: a request costs a bounded amount of memory. It runs alone, since the
// measure is of the whole process.
func TestHostileMemory(t *testing.T) {
	wide := map[any]any{}
	for n := range int64(1000) {
		wide[n+100] = map[any]any{int64(0): map[any]any{int64(0): map[any]any{int64(0): map[any]any{}}}}
	}
	for name, b := range map[string][]byte{
		"long_name":   edited(t, makeCredentialRequest(), func(m map[any]any) { m[int64(2)] = map[any]any{"id": "a", "name": strings.Repeat("n", 1<<20-1<<10)} }),
		"long_list":   edited(t, makeCredentialRequest(), func(m map[any]any) { m[int64(5)] = descriptors(1024) }),
		"maps":        edited(t, makeCredentialRequest(), func(m map[any]any) { m[int64(6)] = map[any]any{"x": wide} }),
		"depth_bomb":  bytes.Repeat([]byte{0x81}, 1<<20),
		"too_long":    make([]byte, 1<<22),
		"many_items":  append([]byte{0x99, 4, 0}, bytes.Repeat(append([]byte{0x99, 4, 0}, make([]byte, 1024)...), 1000)...),
		"many_maps":   append([]byte{0x99, 4, 0}, bytes.Repeat([]byte{0xa1, 0, 0}, 1024)...),
		"long_option": edited(t, makeCredentialRequest(), func(m map[any]any) { m[int64(7)] = map[any]any{strings.Repeat("o", 1<<19): true} }),
	} {
		t.Run("HYB-12_"+name, func(t *testing.T) {
			request := append([]byte{byte(ctap2.CommandMakeCredential)}, b...)
			a := willing()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := ctap2.Handle(t.Context(), a, request)
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d bytes in, %d KiB allocated, answer %v", len(b), allocated>>10, ctap2.StatusCode(got[0]))
			if allocated > 8<<20 {
				t.Errorf("%d bytes allocated", allocated)
			}
		})
	}
}

// What is wrong with responses and with values of extensions is said by name.
func TestHostileResponses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		of     appender
		edit   func(m map[any]any)
		member string
	}{
		{"made_without_format", makeCredentialResponse(), func(m map[any]any) { delete(m, int64(1)) }, "fmt"},
		{"made_with_a_long_format", makeCredentialResponse(), func(m map[any]any) { m[int64(1)] = strings.Repeat("f", 33) }, "fmt"},
		{"made_without_data", makeCredentialResponse(), func(m map[any]any) { delete(m, int64(2)) }, "authData"},
		{"made_with_no_data", makeCredentialResponse(), func(m map[any]any) { m[int64(2)] = []byte{} }, "authData"},
		{"statement_is_null", makeCredentialResponse(), func(m map[any]any) { m[int64(3)] = nil }, "attStmt"},
		{"statement_is_text", makeCredentialResponse(), func(m map[any]any) { m[int64(3)] = "none" }, "attStmt"},
		{"enterprise_is_a_number", makeCredentialResponse(), func(m map[any]any) { m[int64(4)] = int64(1) }, "epAtt"},
		{"made_key_is_text", makeCredentialResponse(), func(m map[any]any) { m[int64(5)] = "key" }, "largeBlobKey"},
		{"outputs_are_a_list", makeCredentialResponse(), func(m map[any]any) { m[int64(6)] = []any{} }, "unsignedExtensionOutputs"},
		{"credential_is_bytes", getAssertionResponse(), func(m map[any]any) { m[int64(1)] = []byte{1} }, "credential"},
		{"credential_without_id", getAssertionResponse(), func(m map[any]any) { m[int64(1)] = map[any]any{"type": "public-key"} }, "credential.id"},
		{"asserted_without_data", getAssertionResponse(), func(m map[any]any) { delete(m, int64(2)) }, "authData"},
		{"no_signature", getAssertionResponse(), func(m map[any]any) { delete(m, int64(3)) }, "signature"},
		{"empty_signature", getAssertionResponse(), func(m map[any]any) { m[int64(3)] = []byte{} }, "signature"},
		{"user_without_id", getAssertionResponse(), func(m map[any]any) { m[int64(4)] = map[any]any{"name": "a"} }, "user.id"},
		{"user_id_of_65_bytes", getAssertionResponse(), func(m map[any]any) { m[int64(4)] = map[any]any{"id": make([]byte, 65)} }, "user.id"},
		{"no_credentials", getAssertionResponse(), func(m map[any]any) { m[int64(5)] = int64(0) }, "numberOfCredentials"},
		{"selected_is_text", getAssertionResponse(), func(m map[any]any) { m[int64(6)] = "yes" }, "userSelected"},
		{"salt_of_31_bytes", prfInput(), func(m map[any]any) { m["eval"] = map[any]any{"first": make([]byte, 31)} }, "eval.first"},
		{"no_first_salt", prfInput(), func(m map[any]any) { m["eval"] = map[any]any{"second": make([]byte, 32)} }, "eval.first"},
		{"second_salt_of_64_bytes", prfInput(), func(m map[any]any) {
			m["eval"] = map[any]any{"first": make([]byte, 32), "second": make([]byte, 64)}
		}, "eval.second"},
		{"id_is_text", prfInput(), func(m map[any]any) {
			m["evalByCredential"] = map[any]any{"CA": map[any]any{"first": make([]byte, 32)}}
		}, "evalByCredential"},
		{"id_is_empty", prfInput(), func(m map[any]any) {
			m["evalByCredential"] = map[any]any{cbor.ByteString(""): map[any]any{"first": make([]byte, 32)}}
		}, "evalByCredential"},
		{"no_salts_for_an_id", prfInput(), func(m map[any]any) { m["evalByCredential"] = map[any]any{cbor.ByteString("x"): nil} }, "evalByCredential"},
		{"enabled_is_a_number", prfOutput(), func(m map[any]any) { m["enabled"] = int64(1) }, "enabled"},
		{"result_of_64_bytes", prfOutput(), func(m map[any]any) { m["results"] = map[any]any{"first": make([]byte, 64)} }, "results.first"},
		{"empty_results", prfOutput(), func(m map[any]any) { m["results"] = map[any]any{} }, "results.first"},
		{"info_with_ten_levels", info(), func(m map[any]any) {
			v := any(nil)
			for range 9 {
				v = []any{v}
			}
			m[int64(99)] = v
		}, ""},
	} {
		t.Run("HYB-12_"+row.name, func(t *testing.T) {
			t.Parallel()
			err := parseLike(row.of, edited(t, row.of, row.edit))
			malformed, ok := errors.AsType[*ctap2.ParseError](err)
			if !ok || malformed.Member != row.member || malformed.Status == ctap2.StatusOK {
				t.Errorf("got %v, want an error in %q", err, row.member)
			}
		})
	}
}

// parseLike reads b as the type of v is read.
func parseLike(v appender, b []byte) (err error) {
	switch v.(type) {
	case ctap2.MakeCredentialResponse:
		_, err = ctap2.ParseMakeCredentialResponse(b)
	case ctap2.GetAssertionResponse:
		_, err = ctap2.ParseGetAssertionResponse(b)
	case ctap2.PRFInput:
		_, err = ctap2.ParsePRFInput(b)
	case ctap2.PRFOutput:
		_, err = ctap2.ParsePRFOutput(b)
	case ctap2.Info:
		_, err = ctap2.ParseInfo(b)
	}
	return err
}
