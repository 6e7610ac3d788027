package audit

import (
	"errors"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is a Merkle tree of leaves [RFC 6962 §2.1], of which only the right edge
// is kept: the roots of its full subtrees, the largest first, at most one for
// each bit of the size. That is enough to add leaves and to know the root. The
// zero Tree is empty.
//
// [RFC 6962 §2.1]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1
type Tree struct {
	size int64
	edge []tlog.Hash
}

// maxSize is more than any log has, and keeps the arithmetic of tlog from overflowing.
const maxSize = 1 << 48

var errEdge = errors.New("audit: the edge does not have the width of its tree")

// parseTree is the tree of a size whose edge is b, which holds 32 bytes a subtree.
func parseTree(size int64, b []byte) (Tree, error) {
	if size < 0 || size > maxSize || len(b) != bits.OnesCount64(uint64(size))*tlog.HashSize {
		return Tree{}, errEdge
	}
	t := Tree{size: size}
	for h := range slices.Chunk(b, tlog.HashSize) {
		t.edge = append(t.edge, tlog.Hash(h))
	}
	return t, nil
}

// Size is how many leaves there are.
func (t *Tree) Size() int64 { return t.size }

// appendEdge appends what parseTree reads.
func (t *Tree) appendEdge(b []byte) []byte {
	for _, h := range t.edge {
		b = append(b, h[:]...)
	}
	return b
}

func (t *Tree) clone() Tree { return Tree{size: t.size, edge: slices.Clone(t.edge)} }

// Append adds the leaf made of data.
func (t *Tree) Append(data []byte) error {
	// What tlog asks for are the newest subtrees of the edge, the largest first.
	edge := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return t.edge[len(t.edge)-len(indexes):], nil
	})
	hashes, err := tlog.StoredHashes(t.size, data, edge)
	if err != nil {
		return err
	}
	// The new leaf and the subtrees that it fills; the last has taken all others in.
	merged := len(hashes) - 1
	t.edge = append(t.edge[:len(t.edge)-merged], hashes[merged])
	t.size++
	return nil
}

// Root is the hash of the whole tree.
func (t *Tree) Root() (tlog.Hash, error) {
	return tlog.TreeHash(t.size, tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return t.edge, nil }))
}
