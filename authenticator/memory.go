package authenticator

import (
	"context"
	"sync"
)

// MemoryStore keeps credentials as long as the process lives. The zero value is
// empty and ready.
type MemoryStore struct {
	mu   sync.RWMutex
	list list
}

// Credentials is [CredentialStore]'s.
func (m *MemoryStore) Credentials(_ context.Context, rpID string) ([]Credential, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.list.of(rpID), nil
}

// All returns every credential, the newest first.
func (m *MemoryStore) All(context.Context) ([]Credential, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.list.all(), nil
}

// Put is [CredentialStore]'s.
func (m *MemoryStore) Put(_ context.Context, c Credential, replaces []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next, err := m.list.with(c, replaces)
	if err != nil {
		return err
	}
	m.list = next
	return nil
}

// Count is [CredentialStore]'s.
func (m *MemoryStore) Count(_ context.Context, id []byte) (uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next, count, err := m.list.counted(id)
	if err != nil {
		return 0, err
	}
	m.list = next
	return count, nil
}

// Remove takes a credential away for good; [ErrNoCredential] if it is not held.
func (m *MemoryStore) Remove(_ context.Context, id []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next, err := m.list.without(id)
	if err != nil {
		return err
	}
	m.list = next
	return nil
}
