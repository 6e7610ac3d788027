package control_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPhones(t *testing.T) {
	t.Parallel()
	h := start(t)
	first := h.ask(t, http.MethodPost, "/v1/phones", "")
	want := object{"id": "phone-1", "name": "phone-1", "answer": "agree", "faults": []any{}, "passkeys": []any{}}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	second := h.ask(t, http.MethodPost, "/v1/phones", `{"name": "Anna’s", "backup": "device_bound", "counting": true}`)
	if second["id"] != "phone-2" || second["name"] != "Anna’s" {
		t.Errorf("got %v", second)
	}
	changed := h.ask(t, http.MethodPatch, "/v1/phones/phone-2", `{"answer": "ask", "faults": ["counter_back", "slow_user_3000ms"]}`)
	if diff := cmp.Diff([]any{"counter_back", "slow_user_3s"}, changed["faults"]); diff != "" || changed["answer"] != "ask" {
		t.Error(changed["answer"], diff)
	}
	// What is left out stays, and what is refused changes nothing.
	if same := h.ask(t, http.MethodPatch, "/v1/phones/phone-2", `{}`); !cmp.Equal(same, changed) {
		t.Error(cmp.Diff(changed, same))
	}
	h.refused(t, http.StatusBadRequest, "value_invalid", http.MethodPatch, "/v1/phones/phone-2", `{"answer": "agree", "faults": ["nonesuch"]}`)
	h.refused(t, http.StatusBadRequest, "value_invalid", http.MethodPatch, "/v1/phones/phone-2", `{"answer": "maybe", "faults": []}`)
	if same := h.ask(t, http.MethodGet, "/v1/phones/phone-2", ""); !cmp.Equal(same, changed) {
		t.Error(cmp.Diff(changed, same))
	}
	if none := h.ask(t, http.MethodPatch, "/v1/phones/phone-2", `{"faults": []}`); len(none["faults"].([]any)) != 0 {
		t.Error(none)
	}
	if all := h.ask(t, http.MethodGet, "/v1/phones", "")["phones"].([]any); len(all) != 2 {
		t.Error(all)
	}
	h.ask(t, http.MethodDelete, "/v1/phones/phone-1", "")
	h.refused(t, http.StatusNotFound, "not_found", http.MethodGet, "/v1/phones/phone-1", "")
	if all := h.ask(t, http.MethodGet, "/v1/bed", "")["phones"].([]any); len(all) != 1 {
		t.Error(all)
	}
}
