package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// boltFixture makes a plain bbolt file: body fills it, then it is closed and finished as it lies on disk.
func (g *generator) boltFixture(name, title string, opts *bolt.Options, body func(db *bolt.DB, f *fixture) error) error {
	f, err := g.newFixture(name, title)
	if err != nil {
		return err
	}
	f.byModule("go.etcd.io/bbolt")
	work, err := os.MkdirTemp(g.work, "bolt")
	if err != nil {
		return err
	}
	path := filepath.Join(work, "plain.db")
	db, err := bolt.Open(path, 0o600, opts)
	if err != nil {
		return err
	}
	if err := body(db, f); err != nil {
		db.Close()
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return f.finish(path, plainFile)
}

func key64(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) }

// fill puts n entries of seeded length into bucket name, created when needed.
func fill(db *bolt.DB, name string, from, n, valueLen int) error {
	rng := rand.New(rand.NewPCG(uint64(n), 2))
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return err
		}
		for i := from; i < from+n; i++ {
			word := words[rng.IntN(len(words))] + " "
			if err := b.Put(key64(i), []byte(strings.Repeat(word, valueLen/len(word)))); err != nil {
				return err
			}
		}
		return nil
	})
}

func removeKeys(db *bolt.DB, name string, from, to, stride int) error {
	return db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(name))
		for i := from; i < to; i += stride {
			if err := b.Delete(key64(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (g *generator) bolt1k() error {
	return g.boltFixture("bbolt-1k", "pages of 1 KiB", &bolt.Options{PageSize: 1024, NoFreelistSync: true},
		func(db *bolt.DB, f *fixture) error {
			f.step("bbolt, PageSize 1024, freelist not stored: 600 small entries, one value of 100,000 bytes, every 7th deleted")
			f.contains("page size 1 KiB", "freelist pgid 2^64-1", "overflow run of 98 pages")
			if err := fill(db, "numbers", 0, 600, 60); err != nil {
				return err
			}
			if err := fill(db, "long", 0, 1, 100_000); err != nil {
				return err
			}
			return removeKeys(db, "numbers", 0, 600, 7)
		})
}

func (g *generator) boltStoredFreelist() error {
	return g.boltFixture("bbolt-stored-freelist", "a freelist that is stored", nil,
		func(db *bolt.DB, f *fixture) error {
			f.step("bbolt with its defaults: 2000 entries in ten transactions, 1200 of them deleted, 10 more")
			f.contains("freelist page with many ids", "free pages with old content")
			for i := range 10 {
				if err := fill(db, "entries", i*200, 200, 120); err != nil {
					return err
				}
			}
			if err := removeKeys(db, "entries", 300, 1500, 1); err != nil {
				return err
			}
			return fill(db, "entries", 5000, 10, 50)
		})
}

// boltBigFreelist frees more pages than the 16-bit count of a page header can say.
func (g *generator) boltBigFreelist() error {
	const pages = 66_000
	return g.boltFixture("bbolt-big-freelist", "more than 65,534 free pages", &bolt.Options{PageSize: 1024},
		func(db *bolt.DB, f *fixture) error {
			f.step("bbolt, PageSize 1024: 20 entries, one value of %d zero bytes put, then deleted, one more entry", pages*1024)
			f.contains("freelist page with count 0xFFFF and the true count in its first element")
			if err := fill(db, "kept", 0, 20, 40); err != nil {
				return err
			}
			if err := db.Update(func(tx *bolt.Tx) error {
				return tx.Bucket([]byte("kept")).Put([]byte("zeroes"), make([]byte, pages*1024))
			}); err != nil {
				return err
			}
			if err := db.Update(func(tx *bolt.Tx) error {
				return tx.Bucket([]byte("kept")).Delete([]byte("zeroes"))
			}); err != nil {
				return err
			}
			return fill(db, "kept", 100, 1, 40)
		})
}

func (g *generator) boltNested() error {
	return g.boltFixture("bbolt-nested", "buckets in buckets", &bolt.Options{PageSize: 1024}, nested)
}

func nested(db *bolt.DB, f *fixture) error {
	f.step("bbolt, PageSize 1024: buckets six deep, each with entries beside its bucket; inline, empty and large buckets; " +
		"sequences; 4000 entries in one bucket for a tree of four levels")
	f.contains("nested buckets six deep", "inline buckets, an empty one, one with a sequence only",
		"bucket entries between plain keys", "a tree with three levels of branches", "binary bucket names and keys",
		"bucket sequences up to 2^64-1", "empty values")
	if err := db.Update(nestedBuckets); err != nil {
		return err
	}
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("tall"))
		if err != nil {
			return err
		}
		for i := range 4000 {
			if err := b.Put([]byte(fmt.Sprintf("entry-%06d-%s", i*3, strings.Repeat("k", 40))), []byte{byte(i)}); err != nil {
				return err
			}
		}
		return b.SetSequence(4000)
	})
}

func nestedBuckets(tx *bolt.Tx) error {
	b, err := tx.CreateBucket([]byte("level-1"))
	for level := 2; err == nil && level <= 7; level++ {
		for _, name := range []string{"before", "middle", "zz-after"} {
			if err = b.Put([]byte(name), []byte(fmt.Sprintf("value of %s at level %d", name, level-1))); err != nil {
				return err
			}
		}
		if err = b.SetSequence(uint64(level)); err != nil {
			return err
		}
		if level < 7 {
			b, err = b.CreateBucket([]byte(fmt.Sprintf("level-%d", level)))
		}
	}
	if err != nil {
		return err
	}
	top, err := tx.CreateBucket([]byte("kinds"))
	if err != nil {
		return err
	}
	return kinds(top)
}

// kinds holds one bucket of each shape, with plain keys between them.
func kinds(top *bolt.Bucket) error {
	sizes := []struct {
		name     string
		entries  int
		sequence uint64
	}{
		{"empty", 0, 0}, {"empty-with-sequence", 0, 1<<64 - 1}, {"inline", 3, 1}, {"own-page", 30, 2}, {"own-tree", 300, 3},
		{"\x00binary\xff", 2, 4}, {"Straße", 1, 5},
	}
	for _, s := range sizes {
		b, err := top.CreateBucket([]byte(s.name))
		if err != nil {
			return err
		}
		if err := b.SetSequence(s.sequence); err != nil {
			return err
		}
		for i := range s.entries {
			if err := b.Put(key64(i), []byte(strings.Repeat("v", i%9))); err != nil {
				return err
			}
		}
		if err := top.Put([]byte(s.name+"~"), []byte("plain key behind the bucket")); err != nil {
			return err
		}
	}
	return top.Put([]byte("\x00"), nil)
}

// boltPlain has the shape of a container runtime's metadata store.
func (g *generator) boltPlain() error {
	return g.boltFixture("bbolt-plain", "no etcd file: a container runtime's shape", nil,
		func(db *bolt.DB, f *fixture) error {
			f.step("bbolt with its defaults: v1/NAMESPACE/{images,containers,leases}/NAME/{fields}, two transactions; " +
				"a bucket `key` whose keys are no revisions")
			f.contains("a top-level bucket named key that is not etcd's", "nested buckets", "stored freelist")
			for i := range 2 {
				if err := db.Update(func(tx *bolt.Tx) error { return runtimeObjects(tx, i) }); err != nil {
					return err
				}
			}
			return fill(db, "key", 0, 5, 30)
		})
}

func runtimeObjects(tx *bolt.Tx, round int) error {
	v1, err := tx.CreateBucketIfNotExists([]byte("v1"))
	if err != nil {
		return err
	}
	if err := v1.Put([]byte("version"), []byte{byte(round)}); err != nil {
		return err
	}
	for _, ns := range []string{"default", "k8s.io"} {
		b, err := v1.CreateBucketIfNotExists([]byte(ns))
		if err != nil {
			return err
		}
		for _, kind := range []string{"images", "containers", "leases"} {
			k, err := b.CreateBucketIfNotExists([]byte(kind))
			if err != nil {
				return err
			}
			o, err := k.CreateBucketIfNotExists([]byte(fmt.Sprintf("%s-%d", kind, round)))
			if err != nil {
				return err
			}
			for _, field := range words[:6] {
				if err := o.Put([]byte(field), []byte(strings.Repeat(field, round+1))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (g *generator) boltFresh() error {
	return g.boltFixture("bbolt-fresh", "created and closed", nil, func(_ *bolt.DB, f *fixture) error {
		f.step("bbolt with its defaults: opened and closed, no transaction of ours")
		f.contains("two metas, an empty freelist page, an empty root leaf")
		return nil
	})
}

// repaged writes an etcd fixture again with another page size, as a machine with
// larger OS pages would have it, in the form of `snapshot save`.
func (g *generator) repaged(from, name string, pageSize int) error {
	src, err := g.unpack(from)
	if err != nil {
		return err
	}
	f, err := g.newFixture(name, fmt.Sprintf("%s in pages of %d KiB", from, pageSize>>10))
	if err != nil {
		return err
	}
	parent, err := g.readProvenance(from)
	if err != nil {
		return err
	}
	f.prov.Etcd, f.prov.EtcdLine, f.prov.Tools["etcd"] = parent.Etcd, parent.EtcdLine, parent.Etcd
	f.prov.Revision, f.prov.CompactRevision, f.prov.SampleRevisions =
		parent.Revision, parent.CompactRevision, parent.SampleRevisions
	f.byModule("go.etcd.io/bbolt")
	path := src + ".repaged"
	if err := repage(src, path, pageSize); err != nil {
		return err
	}
	f.step("the file of %s, opened by the bbolt library and compacted into a new file with PageSize %d and no stored freelist; "+
		"written out by Tx.WriteTo as snapshot save does; SHA-256 appended", from, pageSize)
	f.contains("the same buckets, keys and values as "+from, "no free page")
	return f.finish(path, snapshotFile)
}

func repage(from, to string, pageSize int) error {
	src, err := bolt.Open(from, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := bolt.Open(to+".tmp", 0o600, &bolt.Options{PageSize: pageSize, NoFreelistSync: true})
	if err != nil {
		return err
	}
	defer dst.Close()
	if err := bolt.Compact(dst, src, 0); err != nil {
		return err
	}
	if err := dst.View(func(tx *bolt.Tx) error { return tx.CopyFile(to, 0o600) }); err != nil {
		return err
	}
	return appendSHA256(to)
}
