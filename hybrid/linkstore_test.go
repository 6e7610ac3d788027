package hybrid_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/tunnel"
)

// someLink is a link that is well formed.
func someLink(t testing.TB, name string) hybrid.Link {
	t.Helper()
	return hybrid.Link{
		ContactID: tunnel.ContactID("contact " + name), ID: hybrid.LinkID{1}, Secret: hybrid.LinkSecretFromBytes([32]byte{1}),
		PhoneKey: newKey(t).PublicKey(), Name: name, Domain: hybridtest.Domain,
	}
}

// stores are the two of this package, empty.
func stores(t *testing.T) map[string]hybrid.LinkStore {
	t.Helper()
	return map[string]hybrid.LinkStore{
		"memory": &hybrid.MemoryStore{},
		"file":   hybrid.NewFileStore(filepath.Join(t.TempDir(), "links.json")),
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			links := hybrid.NewLinks(store)
			if all, err := links.All(t.Context()); err != nil || len(all) != 0 {
				t.Fatalf("at first: %d links, %v", len(all), err)
			}
			b, a := someLink(t, "b"), someLink(t, "a")
			for _, l := range []hybrid.Link{b, a} {
				if replaced, err := links.Put(t.Context(), l); err != nil || replaced {
					t.Fatalf("Put: %v, %v", replaced, err)
				}
			}
			b.Secret = hybrid.LinkSecretFromBytes([32]byte{2})
			if replaced, err := links.Put(t.Context(), b); err != nil || !replaced {
				t.Errorf("Put with a key that is there: %v, %v", replaced, err)
			}
			all, err := links.All(t.Context())
			if err != nil || len(all) != 2 {
				t.Fatalf("%d links, %v", len(all), err)
			}
			if all[0].Name != "a" || !all[0].Secret.Equal(a.Secret) || !all[1].Secret.Equal(b.Secret) || !all[1].PhoneKey.Equal(b.PhoneKey) ||
				string(all[1].ContactID) != "contact b" || all[1].ID != b.ID || all[1].Domain != b.Domain {
				t.Errorf("the links are others: %v", all)
			}
			for range 2 {
				if err := links.Remove(t.Context(), a.PhoneKey); err != nil {
					t.Errorf("Remove: %v", err)
				}
			}
			if all, err := links.All(t.Context()); err != nil || len(all) != 1 || all[0].Name != "b" {
				t.Errorf("after Remove: %d links, %v", len(all), err)
			}
			a.ContactID = nil
			if _, err := links.Put(t.Context(), a); err == nil {
				t.Error("a link without a contact id is stored")
			}
		})
	}
}

// TestLinksFull fills a store.
func TestLinksFull(t *testing.T) {
	t.Parallel()
	links := hybrid.NewLinks(&hybrid.MemoryStore{})
	var last hybrid.Link
	for n := range 256 {
		last = someLink(t, strconv.Itoa(n))
		if _, err := links.Put(t.Context(), last); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := links.Put(t.Context(), someLink(t, "one more")); err == nil {
		t.Error("the 257th link is stored")
	}
	if replaced, err := links.Put(t.Context(), last); err != nil || !replaced {
		t.Errorf("a link that is there: %v, %v", replaced, err)
	}
}

// TestStoresTogether has writers at once, in several stores on one file.
func TestStoresTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.json")
	memory := &hybrid.MemoryStore{}
	for name, open := range map[string]func() hybrid.LinkStore{
		"memory": func() hybrid.LinkStore { return memory },
		"file":   func() hybrid.LinkStore { return hybrid.NewFileStore(path) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const writers = 12
			var work sync.WaitGroup
			for n := range writers {
				work.Go(func() {
					if _, err := hybrid.NewLinks(open()).Put(t.Context(), someLink(t, strconv.Itoa(n))); err != nil {
						t.Error(err)
					}
				})
			}
			work.Wait()
			if all, err := hybrid.NewLinks(open()).All(t.Context()); err != nil || len(all) != writers {
				t.Errorf("%d links of %d, %v", len(all), writers, err)
			}
		})
	}
}

// TestHostileFiles has files that are not as the store made them.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes there")
	}
	for name, spoil := range map[string]func(t *testing.T, path string) error{
		"open_to_others": func(_ *testing.T, path string) error { return os.Chmod(path, 0o640) },
		"empty":          func(_ *testing.T, path string) error { return os.Truncate(path, 0) },
		"cut":            func(_ *testing.T, path string) error { return os.Truncate(path, 100) },
		"too_long":       func(_ *testing.T, path string) error { return os.Truncate(path, 1<<20+1) },
		"symbolic_link": func(_ *testing.T, path string) error {
			return errors.Join(os.Rename(path, path+".there"), os.Symlink(path+".there", path))
		},
		"folder": func(_ *testing.T, path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
		"with_something_behind": func(t *testing.T, path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			return os.WriteFile(path, append(b, "{}"...), 0o600)
		},
		"with_a_member_in_another_case": func(t *testing.T, path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			return os.WriteFile(path, []byte(strings.Replace(string(b), `"domain"`, `"Domain"`, 1)), 0o600)
		},
		"of_another_version": func(t *testing.T, path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			return os.WriteFile(path, []byte(strings.Replace(string(b), `"version": 1`, `"version": 2`, 1)), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "links.json")
			links := hybrid.NewLinks(hybrid.NewFileStore(path))
			if _, err := links.Put(t.Context(), someLink(t, "a")); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Fatalf("mode %v, %v", info.Mode(), err)
			}
			if err := spoil(t, path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			if all, err := links.All(t.Context()); err == nil || all != nil {
				t.Errorf("All: %d links, %v", len(all), err)
			}
			if _, err := links.Put(t.Context(), someLink(t, "b")); err == nil {
				t.Error("the file was replaced")
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestStoreLock waits for a lock no longer than its context.
func TestStoreLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.json")
	err := hybrid.NewFileStore(path).Update(t.Context(), func([]byte) ([]byte, error) {
		ctx, stop := context.WithTimeout(t.Context(), short)
		defer stop()
		return nil, hybrid.NewFileStore(path).Update(ctx, func([]byte) ([]byte, error) { return []byte("{}"), nil })
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that the lock is taken", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an update that failed made a file: %v", err)
	}
}

// TestPhoneLinksMakeRoom links more often than a phone remembers.
func TestPhoneLinksMakeRoom(t *testing.T) {
	t.Parallel()
	scene := hybridtest.NewScene(t)
	scene.AllowLinking(t)
	first := link(t, scene)
	own := scene.Phone.Linking.Links
	for n := range 2 {
		all, err := own.All(t.Context())
		if err != nil || len(all) != n+1 {
			t.Fatalf("%d links, %v", len(all), err)
		}
		link(t, scene)
	}
	links, err := scene.Client.Links.All(t.Context())
	if err != nil || len(links) != 1 || links[0].ID == first.ID {
		t.Errorf("the client platform has %d links of one phone, %v", len(links), err)
	}
	if err := own.Remove(t.Context(), first.ID); err != nil {
		t.Error(err)
	}
	if all, err := own.All(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("after Remove: %d links, %v", len(all), err)
	}
}

// document is a store with this document in it.
func document(t *testing.T, b []byte) hybrid.LinkStore {
	store := &hybrid.MemoryStore{}
	if err := store.Update(t.Context(), func([]byte) ([]byte, error) { return b, nil }); err != nil {
		t.Fatal(err)
	}
	return store
}

func FuzzLinksDocument(f *testing.F) {
	store := &hybrid.MemoryStore{}
	if _, err := hybrid.NewLinks(store).Put(context.Background(), someLink(f, "a")); err != nil {
		f.Fatal(err)
	}
	whole, err := store.Read(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{whole, whole[:50], []byte(`{"version":1,"links":null}`), []byte(`{"version":1,"links":[{}]}`), []byte("null")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		links := hybrid.NewLinks(document(t, b))
		all, err := links.All(t.Context())
		if err != nil {
			if all != nil {
				t.Error("links come with an error")
			}
			return
		}
		if err := links.Remove(t.Context(), someLink(t, "x").PhoneKey); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
		if again, err := links.All(t.Context()); err != nil || len(again) != len(all) {
			t.Errorf("%d links, then %d: %v", len(all), len(again), err)
		}
	})
}

func FuzzPhoneDocument(f *testing.F) {
	store := &hybrid.MemoryStore{}
	if err := hybrid.NewPhoneLinks(store).Remove(context.Background(), hybrid.LinkID{}); err != nil {
		f.Fatal(err)
	}
	whole, err := store.Read(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{whole, whole[:50], []byte(`{"version":1}`), []byte("null")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		links := hybrid.NewPhoneLinks(document(t, b))
		all, err := links.All(t.Context())
		if err != nil {
			if all != nil {
				t.Error("links come with an error")
			}
			return
		}
		if err := links.Remove(t.Context(), hybrid.LinkID{0xff, 0xee}); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
