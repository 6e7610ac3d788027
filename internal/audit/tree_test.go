package audit

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// stored is a tree whose every hash is kept, as tlog itself does it.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = s[n]
	}
	return out, nil
}

// The edge alone must give the root that the whole tree gives, at every size and
// however often it was written down and read again on the way.
func TestTreeEqualsTlog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all stored
		var tree Tree
		for n := range rapid.Int64Range(0, 300).Draw(t, "size") {
			data := fmt.Appendf(nil, "leaf %d", n)
			hashes, err := tlog.StoredHashes(n, data, all)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, hashes...)
			if err := tree.Append(data); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "restart") {
				if tree, err = parseTree(tree.Size(), tree.appendEdge(nil)); err != nil {
					t.Fatal(err)
				}
			}
			want, err := tlog.TreeHash(n+1, all)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tree.Root()
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Fatalf("%d leaves: got root %v, want %v", n+1, got, want)
			}
		}
	})
}

func TestTreeEmpty(t *testing.T) {
	t.Parallel()
	var tree Tree
	got, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	// SHA-256 of nothing, RFC 6962 §2.1.
	if got.String() != "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" {
		t.Errorf("got %v", got)
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add(int64(0), []byte{})
	f.Add(int64(1), make([]byte, 32))
	f.Add(int64(6), make([]byte, 64))
	f.Add(int64(-1), make([]byte, 64*32))
	f.Add(int64(1<<63-1), make([]byte, 63*32))
	f.Fuzz(func(t *testing.T, size int64, b []byte) {
		tree, err := parseTree(size, b)
		if err != nil {
			if tree.size != 0 || tree.edge != nil {
				t.Errorf("%v comes with %+v", err, tree)
			}
			return
		}
		if got := tree.appendEdge(nil); string(got) != string(b) {
			t.Errorf("got %x back from %x", got, b)
		}
		if _, err := tree.Root(); err != nil {
			t.Error(err)
		}
	})
}
