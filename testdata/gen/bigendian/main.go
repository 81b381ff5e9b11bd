// Command bigendian rewrites a little-endian bbolt file as a big-endian machine
// would have written it.
//
//	bigendian IN OUT
//
// Every integer of the format is turned round: page headers, branch and leaf
// elements, metas (with a new FNV-1a checksum), freelist ids, and the bucket
// headers inside leaf values together with the leaf page of an inline bucket. Both metas'
// trees are turned, and free pages as well where their old content can still be
// read. Keys and values stay as they are. A SHA-256 behind the file is computed anew.
//
//	page:  id u64 | flags u16 | count u16 | overflow u32 | elements ... keys and values
//	leaf:  flags u32 | pos u32 | ksize u32 | vsize u32        (16 bytes an element)
//	branch: pos u32 | ksize u32 | child pgid u64              (16 bytes an element)
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
)

const (
	headerLen  = 16
	elementLen = 16
	bucketLen  = 16
	metaLen    = 64

	branchFlag   = 0x01
	leafFlag     = 0x02
	metaFlag     = 0x04
	freelistFlag = 0x10

	bucketElement = 0x01
	magic         = 0xED0CDAED
	noFreelist    = 1<<64 - 1
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

func turn16(b []byte) { be.PutUint16(b, le.Uint16(b)) }
func turn32(b []byte) { be.PutUint32(b, le.Uint32(b)) }
func turn64(b []byte) { be.PutUint64(b, le.Uint64(b)) }

type file struct {
	data     []byte
	pageSize uint64
	turned   map[uint64]bool // pages done, overflow pages among them: two metas share most of their trees
	stale    bool            // a free page: what it points to may be something else by now
}

// page returns page id with its overflow run, still little-endian.
func (f *file) page(id uint64) ([]byte, error) {
	off := id * f.pageSize
	if off+headerLen > uint64(len(f.data)) {
		return nil, fmt.Errorf("page %d is behind the end of the file", id)
	}
	pages := uint64(le.Uint32(f.data[off+12:])) + 1
	end := off + pages*f.pageSize
	if end > uint64(len(f.data)) {
		return nil, fmt.Errorf("page %d and its overflow run end behind the end of the file", id)
	}
	return f.data[off:end], nil
}

func (f *file) mark(id uint64, p []byte) {
	for i := uint64(0); i < uint64(len(p))/f.pageSize; i++ {
		f.turned[id+i] = true
	}
}

func turnHeader(p []byte) {
	turn64(p[0:])
	turn16(p[8:])
	turn16(p[10:])
	turn32(p[12:])
}

// tree turns the page and everything below it.
func (f *file) tree(id uint64) error {
	if f.turned[id] || f.stale {
		return nil
	}
	p, err := f.page(id)
	if err != nil {
		return err
	}
	f.mark(id, p)
	return f.node(id, p)
}

func (f *file) node(id uint64, p []byte) error {
	switch flags := le.Uint16(p[8:]); flags {
	case branchFlag:
		return f.branch(p)
	case leafFlag:
		return f.leaf(p)
	default:
		return fmt.Errorf("page %d: flags 0x%x in a tree", id, flags)
	}
}

func elements(p []byte) (int, error) {
	count := int(le.Uint16(p[10:]))
	if headerLen+count*elementLen > len(p) {
		return 0, errors.New("element array longer than its page")
	}
	return count, nil
}

func (f *file) branch(p []byte) error {
	count, err := elements(p)
	if err != nil {
		return err
	}
	for i := 0; i < count; i++ {
		e := p[headerLen+i*elementLen:]
		child := le.Uint64(e[8:])
		turn32(e[0:])
		turn32(e[4:])
		turn64(e[8:])
		if err := f.tree(child); err != nil {
			return err
		}
	}
	turnHeader(p)
	return nil
}

func (f *file) leaf(p []byte) error {
	count, err := elements(p)
	if err != nil {
		return err
	}
	for i := 0; i < count; i++ {
		at := uint64(headerLen + i*elementLen)
		e := p[at:]
		flags, pos, ksize, vsize := le.Uint32(e[0:]), uint64(le.Uint32(e[4:])), uint64(le.Uint32(e[8:])), uint64(le.Uint32(e[12:]))
		end := at + pos + ksize + vsize
		if end > uint64(len(p)) {
			return errors.New("value behind the end of its page")
		}
		if flags&bucketElement != 0 {
			if err := f.bucket(p[end-vsize : end]); err != nil {
				return err
			}
		}
		for field := 0; field < elementLen; field += 4 {
			turn32(e[field:])
		}
	}
	turnHeader(p)
	return nil
}

// bucket turns the header in a bucket's value, and the tree or the inline page it stands for.
func (f *file) bucket(v []byte) error {
	if len(v) < bucketLen {
		return errors.New("bucket value too short")
	}
	root := le.Uint64(v)
	turn64(v[0:])
	turn64(v[8:])
	if root != 0 {
		return f.tree(root)
	}
	if len(v) < bucketLen+headerLen {
		return errors.New("inline bucket without a page")
	}
	return f.leaf(v[bucketLen:])
}

func (f *file) freelist(id uint64) error {
	if id == noFreelist || f.turned[id] {
		return nil
	}
	p, err := f.page(id)
	if err != nil {
		return err
	}
	if le.Uint16(p[8:]) != freelistFlag {
		return fmt.Errorf("page %d is no freelist", id)
	}
	f.mark(id, p)
	return ids(p)
}

// ids turns the page numbers of a freelist page.
func ids(p []byte) error {
	count := uint64(le.Uint16(p[10:]))
	if count == 0xFFFF {
		count = le.Uint64(p[headerLen:]) + 1 // the first element is the true count
	}
	if count > uint64(len(p)-headerLen)/8 {
		return errors.New("freelist longer than its page")
	}
	for i := uint64(0); i < count; i++ {
		turn64(p[headerLen+i*8:])
	}
	turnHeader(p)
	return nil
}

// meta turns page 0 or 1 and gives back what it points to.
func (f *file) meta(id uint64) (root, freelist uint64, err error) {
	off := id * f.pageSize
	if off+headerLen+metaLen > uint64(len(f.data)) {
		return 0, 0, fmt.Errorf("no room for meta %d", id)
	}
	p := f.data[off : off+headerLen+metaLen]
	m := p[headerLen:]
	if le.Uint32(m) != magic || le.Uint16(p[8:]) != metaFlag || le.Uint64(m[56:]) != checksum(m) {
		return 0, 0, fmt.Errorf("meta %d is not valid", id)
	}
	root, freelist = le.Uint64(m[16:]), le.Uint64(m[32:])
	turnHeader(p)
	for field := 0; field < 16; field += 4 {
		turn32(m[field:])
	}
	for field := 16; field < 56; field += 8 {
		turn64(m[field:])
	}
	be.PutUint64(m[56:], checksum(m))
	return root, freelist, nil
}

func checksum(meta []byte) uint64 {
	h := fnv.New64a()
	h.Write(meta[:56])
	return h.Sum64()
}

// freePages turns the pages below the high-water mark that neither meta reaches.
// Where one's old content no longer fits, its header alone is turned.
func (f *file) freePages(highWater uint64) {
	f.stale = true
	for id := uint64(2); id < highWater; id++ {
		off := id * f.pageSize
		if f.turned[id] || le.Uint64(f.data[off:]) != id {
			continue
		}
		old, err := f.page(id)
		if err != nil {
			turnHeader(f.data[off:])
			continue
		}
		p := append([]byte(nil), old...)
		if le.Uint16(p[8:]) == freelistFlag {
			err = ids(p)
		} else {
			err = f.node(id, p)
		}
		for i := uint64(1); err == nil && i < uint64(len(p))/f.pageSize; i++ {
			if f.turned[id+i] {
				err = errors.New("part of the run is in use again")
			}
		}
		if err != nil {
			turnHeader(old)
			continue
		}
		copy(old, p)
		f.mark(id, p)
	}
}

func (f *file) turnAll() error {
	var roots, freelists []uint64
	highWater := uint64(0)
	for id := uint64(0); id < 2; id++ {
		if pgid := le.Uint64(f.data[id*f.pageSize+headerLen+40:]); pgid > highWater {
			highWater = pgid
		}
		root, freelist, err := f.meta(id)
		if err != nil {
			return err
		}
		roots, freelists = append(roots, root), append(freelists, freelist)
	}
	for i := range roots {
		if err := f.tree(roots[i]); err != nil {
			return err
		}
		if err := f.freelist(freelists[i]); err != nil {
			return err
		}
	}
	if highWater*f.pageSize > uint64(len(f.data)) {
		return errors.New("high-water mark behind the end of the file")
	}
	f.freePages(highWater)
	return nil
}

func rewrite(data []byte) ([]byte, error) {
	hashed := len(data)%512 == sha256.Size
	if hashed {
		data = data[:len(data)-sha256.Size]
	}
	if len(data) < headerLen+metaLen || le.Uint32(data[headerLen:]) != magic {
		return nil, errors.New("no little-endian bbolt file")
	}
	f := &file{data: data, pageSize: uint64(le.Uint32(data[headerLen+8:])), turned: map[uint64]bool{}}
	if f.pageSize < 1024 || uint64(len(data)) < 2*f.pageSize {
		return nil, errors.New("page size does not fit the file")
	}
	if err := f.turnAll(); err != nil {
		return nil, err
	}
	if hashed {
		sum := sha256.Sum256(data)
		data = append(data, sum[:]...)
	}
	return data, nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: bigendian IN OUT")
		os.Exit(2)
	}
	data, err := os.ReadFile(os.Args[1])
	if err == nil {
		data, err = rewrite(data)
	}
	if err == nil {
		err = os.WriteFile(os.Args[2], data, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bigendian:", err)
		os.Exit(1)
	}
}
