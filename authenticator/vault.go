package authenticator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/hitherauth/hither/internal/ownfile"
	"github.com/hitherauth/hither/internal/secret"
)

// Why a [Vault] could not be read.
var (
	// ErrVaultKey is wrapped when the passphrase or identity does not open the
	// vault. A vault whose first lines are damaged looks the same.
	ErrVaultKey = errors.New("authenticator: the passphrase or identity does not open this vault")
	// ErrVaultDamaged is wrapped when a vault is damaged, cut off or no vault.
	// Nothing overwrites it: put a copy of it back.
	ErrVaultDamaged = errors.New("authenticator: the vault is damaged")
	// ErrVaultBusy is wrapped when another process kept the vault for itself for
	// longer than any of ours does.
	ErrVaultBusy = errors.New("authenticator: the vault is in use by another process")

	errVaultVersion = errors.New("the vault was written by another version of this program")
)

// maxVaultFile bounds the file: what age adds to the contents is far less than this.
const maxVaultFile = maxVaultText + 1<<20

// lockPatience: a change takes milliseconds, and with a passphrase some seconds at most.
const lockPatience = 30 * time.Second

// Vault keeps credentials in one file, encrypted by age. A change is made in a
// copy beside it, which is synced and then takes its name: after a crash the file
// holds the credentials from before the change or from after it, and after it
// if the change was acknowledged. No copy of an older state is kept or read.
//
// Several processes, and several Vaults in one of them, may have the same file: a
// change is made under a lock (a file of the same name with .lock behind it) and
// to what the file holds then. Every method looks at the file. It is safe for
// concurrent use.
type Vault struct {
	path string
	key  VaultKey

	mu   sync.Mutex // held while the file is looked at or changed
	list list       // what was decrypted last
	sum  [sha256.Size]byte
}

// CreateVault makes an empty vault. A file that is there already is not touched,
// and the error is fs.ErrExist.
func CreateVault(ctx context.Context, path string, key VaultKey) (*Vault, error) {
	v, err := newVault(path, key)
	if err != nil {
		return nil, err
	}
	unlock, err := v.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Lstat(v.path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("authenticator: vault %s exists already and is not overwritten: %w", path, fs.ErrExist)
	}
	if err := v.write(ctx, nil); err != nil {
		return nil, err
	}
	return v, nil
}

// OpenVault opens a vault that is there; otherwise the error is fs.ErrNotExist.
// It must be a regular file that nobody else may read.
func OpenVault(path string, key VaultKey) (*Vault, error) {
	v, err := newVault(path, key)
	if err != nil {
		return nil, err
	}
	if err := v.refresh(); err != nil {
		return nil, err
	}
	return v, nil
}

func newVault(path string, key VaultKey) (*Vault, error) {
	if secret.Reveal(key.hidden).identity == nil {
		return nil, errors.New("authenticator: a vault needs a key")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("authenticator: vault: %w", err)
	}
	return &Vault{path: abs, key: key}, nil
}

// Credentials is [CredentialStore]'s.
func (v *Vault) Credentials(_ context.Context, rpID string) ([]Credential, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.refresh(); err != nil {
		return nil, err
	}
	return v.list.of(rpID), nil
}

// All returns every credential, the newest first.
func (v *Vault) All(context.Context) ([]Credential, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.refresh(); err != nil {
		return nil, err
	}
	return v.list.all(), nil
}

// Put is [CredentialStore]'s.
func (v *Vault) Put(ctx context.Context, c Credential, replaces []byte) error {
	return v.change(ctx, func(l list) (list, error) { return l.with(c, replaces) })
}

// Count is [CredentialStore]'s.
func (v *Vault) Count(ctx context.Context, id []byte) (count uint32, err error) {
	err = v.change(ctx, func(l list) (next list, err error) {
		next, count, err = l.counted(id)
		return next, err
	})
	if err != nil {
		return 0, err
	}
	return count, nil
}

// Remove takes a credential away for good; [ErrNoCredential] if it is not held.
func (v *Vault) Remove(ctx context.Context, id []byte) error {
	return v.change(ctx, func(l list) (list, error) { return l.without(id) })
}

// lock takes the vault for changes, from other processes too, and waits for it.
func (v *Vault) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lockPatience, ErrVaultBusy)
	defer cancel()
	unlock, err = ownfile.Lock(ctx, v.path)
	if errors.Is(err, ErrVaultBusy) {
		return nil, fmt.Errorf("%w: %s", ErrVaultBusy, v.path)
	}
	if err != nil {
		return nil, fmt.Errorf("authenticator: lock of vault %s: %w", v.path, err)
	}
	return unlock, nil
}

// change makes one change to what the file holds now, durably.
func (v *Vault) change(ctx context.Context, edit func(list) (list, error)) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	unlock, err := v.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.refresh(); err != nil {
		return err
	}
	next, err := edit(v.list)
	if err != nil {
		return err
	}
	return v.write(ctx, next)
}

// refresh reads the file, and decrypts it if it is not the one from before.
func (v *Vault) refresh() error {
	file, err := ownfile.Read(v.path, maxVaultFile)
	if errors.Is(err, ownfile.ErrTooLong) {
		return fmt.Errorf("%w: %w", ErrVaultDamaged, err)
	}
	if err != nil {
		return fmt.Errorf("authenticator: vault: %w", err)
	}
	sum := sha256.Sum256(file)
	if sum == v.sum {
		return nil
	}
	text, err := decryptVault(file, v.key)
	if err != nil {
		return fmt.Errorf("%w: %s", err, v.path)
	}
	next, err := parseVault(text)
	if errors.Is(err, errVaultVersion) {
		return fmt.Errorf("authenticator: %s: %w", v.path, err)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %v", ErrVaultDamaged, v.path, err) //nolint:errorlint // why is for people
	}
	v.list, v.sum = next, sum
	return nil
}

// write puts credentials into the file. With an error, the file is what it was,
// or already holds them: what is remembered stays, and the next look tells. With a
// passphrase this takes a second; whoever has gone in it is not waited for.
func (v *Vault) write(ctx context.Context, credentials list) error {
	text, err := appendVault(nil, credentials)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	w, err := age.Encrypt(&file, secret.Reveal(v.key.hidden).recipient)
	if err != nil {
		return fmt.Errorf("authenticator: encrypting the vault: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("authenticator: encrypting the vault: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("authenticator: encrypting the vault: %w", err)
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("authenticator: writing vault %s: %w", v.path, err)
	}
	if err := ownfile.Replace(v.path, file.Bytes()); err != nil {
		return fmt.Errorf("authenticator: writing vault %s: %w", v.path, err)
	}
	v.list, v.sum = credentials, sha256.Sum256(file.Bytes())
	return nil
}

// decryptVault returns what is inside an age file.
func decryptVault(file []byte, key VaultKey) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), secret.Reveal(key.hidden).identity)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, ErrVaultKey
	}
	if err != nil {
		return nil, ErrVaultDamaged
	}
	text, err := io.ReadAll(io.LimitReader(r, maxVaultText+1))
	if err != nil {
		return nil, ErrVaultDamaged
	}
	return text, nil
}
