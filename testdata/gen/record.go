package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// compressAbove is the size from which an answer is stored as ANSWER.zst.
const compressAbove = 16 << 10

// answer says which program gave the content of a file in oracle/.
type answer struct {
	File    string `json:"file"`
	Tool    string `json:"tool"`
	Command string `json:"command"`
	Exit    int    `json:"exit"`
	Stderr  string `json:"stderr,omitempty"`
}

// recorder asks the tools about one fixture; every call gets a copy of its own,
// since some tools write to what they read.
type recorder struct {
	g       *generator
	prov    *provenance
	raw     string
	dir     string // oracle/
	answers []answer
}

func (g *generator) readProvenance(name string) (*provenance, error) {
	p := &provenance{}
	return p, readJSON(filepath.Join(g.out, name, "provenance.json"), p)
}

// unpack decompresses a fixture into the work folder.
func (g *generator) unpack(name string) (string, error) {
	p, err := g.readProvenance(name)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(g.work, "fixture")
	if err != nil {
		return "", err
	}
	raw := filepath.Join(dir, strings.TrimSuffix(p.File, ".zst"))
	return raw, decompress(filepath.Join(g.out, name, p.File), raw)
}

func (g *generator) recordFixture(name string) error {
	p, err := g.readProvenance(name)
	if err != nil || p.TwinOf != "" {
		return err // a twin's answers are those of its original
	}
	raw, err := g.unpack(name)
	if err != nil {
		return err
	}
	r := &recorder{g: g, prov: p, raw: raw, dir: filepath.Join(g.out, name, "oracle")}
	steps := []func() error{r.bboltAnswers, r.entries}
	if p.Etcd != "" {
		steps = append(steps, r.status, r.hashKV, r.gets)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	slices.SortFunc(r.answers, func(a, b answer) int { return strings.Compare(a.File, b.File) })
	return writeJSON(filepath.Join(r.dir, "answers.json"), r.answers)
}

func (r *recorder) copy() (string, error) {
	dir, err := os.MkdirTemp(r.g.work, "copy")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "db")
	return path, copyFile(r.raw, path)
}

// store writes an answer, compressed when it is long.
func (r *recorder) store(file string, content []byte) (string, error) {
	path := filepath.Join(r.dir, file)
	os.Remove(path)
	os.Remove(path + ".zst")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return "", err
	}
	if len(content) < compressAbove {
		return file, nil
	}
	if err := compress(path, path+".zst"); err != nil {
		return "", err
	}
	return file + ".zst", os.Remove(path)
}

// ask runs a tool on a fresh copy ("DB" in args) and stores standard output, whatever the exit code is.
func (r *recorder) ask(file, dir, tool, version string, args ...string) error {
	db, err := r.copy()
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(db))
	real := make([]string, len(args))
	for i, arg := range args {
		real[i] = arg
		if arg == "DB" {
			real[i] = db
		}
	}
	out, err := run(filepath.Join(r.g.oracles, dir, tool), real...)
	var exit *exec.ExitError
	a := answer{File: file, Tool: tool + " " + version, Command: tool + " " + strings.Join(args, " ")}
	if errors.As(err, &exit) {
		a.Exit = exit.ExitCode()
		a.Stderr = firstLine(strings.ReplaceAll(err.Error(), db, "DB"))
	} else if err != nil {
		return err
	}
	if a.File, err = r.store(file, []byte(strings.ReplaceAll(string(out), db, "DB"))); err != nil {
		return err
	}
	r.answers = append(r.answers, a)
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func (r *recorder) bboltAnswers() error {
	version := boltVersion
	for file, args := range map[string][]string{
		"bbolt-pages.txt":   {"pages", "DB"},
		"bbolt-buckets.txt": {"buckets", "DB"},
		"bbolt-check.txt":   {"check", "DB"},
	} {
		if err := r.ask(file, "bbolt", "bbolt", version, args...); err != nil {
			return err
		}
	}
	buckets, err := bucketPaths(r.raw)
	if err != nil {
		return err
	}
	for _, path := range buckets {
		joined := strings.Join(path, "+")
		if strings.ContainsFunc(joined, func(c rune) bool { return c <= ' ' || c == '/' || c > '~' }) {
			continue // no good file name; entries.ndjson has the bucket
		}
		args := append([]string{"keys", "--format", "hex", "DB"}, path...)
		if err := r.ask("bbolt-keys-"+joined+".txt", "bbolt", "bbolt", version, args...); err != nil {
			return err
		}
	}
	return nil
}

// boltVersion is that of tests/oracle/bbolt.
const boltVersion = "1.4.3"

func bucketPaths(file string) ([][]string, error) {
	var paths [][]string
	err := viewBuckets(file, func(path [][]byte, _ *bolt.Bucket) error {
		names := make([]string, len(path))
		for i, name := range path {
			names[i] = string(name)
		}
		paths = append(paths, names)
		return nil
	})
	return paths, err
}

// viewBuckets calls visit for every bucket, a bucket before those inside it.
func viewBuckets(file string, visit func(path [][]byte, b *bolt.Bucket) error) error {
	db, err := bolt.Open(file, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	var walk func(path [][]byte, b *bolt.Bucket) error
	walk = func(path [][]byte, b *bolt.Bucket) error {
		if err := visit(path, b); err != nil {
			return err
		}
		return b.ForEachBucket(func(k []byte) error {
			return walk(append(path[:len(path):len(path)], k), b.Bucket(k))
		})
	}
	return db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error { return walk([][]byte{name}, b) })
	})
}

type boltEntry struct {
	Path     []string `json:"path"` // hex of each bucket name
	Key      *string  `json:"key,omitempty"`
	Value    *string  `json:"value,omitempty"`
	Sequence *uint64  `json:"sequence,omitempty"` // on a bucket's own line
	Root     *uint64  `json:"root,omitempty"`     // 0: inline
}

// entries is the bbolt library's own walk: each bucket with its sequence and
// root, then its plain entries in order, then the buckets inside it.
func (r *recorder) entries() error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	err := viewBuckets(r.raw, func(path [][]byte, bucket *bolt.Bucket) error {
		names := make([]string, len(path))
		for i, name := range path {
			names[i] = hex.EncodeToString(name)
		}
		sequence, root := bucket.Sequence(), uint64(bucket.Root())
		if err := enc.Encode(boltEntry{Path: names, Sequence: &sequence, Root: &root}); err != nil {
			return err
		}
		return bucket.ForEach(func(k, v []byte) error {
			if v == nil {
				return nil
			}
			key, value := hex.EncodeToString(k), hex.EncodeToString(v)
			return enc.Encode(boltEntry{Path: names, Key: &key, Value: &value})
		})
	})
	if err != nil {
		return err
	}
	file, err := r.store("entries.ndjson", []byte(b.String()))
	r.answers = append(r.answers, answer{File: file, Tool: "go.etcd.io/bbolt " + boltVersion,
		Command: "walk of all buckets by testdata/gen/record.go"})
	return err
}

func (r *recorder) status() error {
	for _, line := range []string{"3.4", "3.5", "3.6", "3.7"} {
		rel, err := openRelease(r.g.oracles, line)
		if err != nil {
			return err
		}
		tool := "etcdutl"
		if line < "3.5" {
			tool = "etcdctl"
		}
		if err := r.ask("status-"+line+".json", filepath.Base(rel.dir), tool, rel.version,
			"snapshot", "status", "DB", "-w", "json"); err != nil {
			return err
		}
	}
	return nil
}

type hashAnswer struct {
	Revision int64           `json:"revision"` // asked for, 0 is the latest
	Answer   json.RawMessage `json:"answer,omitempty"`
	Error    string          `json:"error,omitempty"`
}

func (r *recorder) hashKV() error {
	rel, err := openRelease(r.g.oracles, "3.7")
	if err != nil {
		return err
	}
	answers := []hashAnswer{}
	for _, rev := range append([]int64{0}, r.hashRevisions()...) {
		db, err := r.copy()
		if err != nil {
			return err
		}
		out, err := run(rel.tool("etcdutl"), "hashkv", db, "--rev", fmt.Sprint(rev), "-w", "json")
		a := hashAnswer{Revision: rev}
		if err != nil {
			a.Error = firstLine(strings.ReplaceAll(err.Error(), db, "DB"))
		} else {
			a.Answer = json.RawMessage(out)
		}
		answers = append(answers, a)
		os.RemoveAll(filepath.Dir(db))
	}
	r.answers = append(r.answers, answer{File: "hashkv-3.7.json", Tool: "etcdutl " + rel.version,
		Command: "etcdutl hashkv DB --rev N -w json"})
	return writeJSON(filepath.Join(r.dir, "hashkv-3.7.json"), answers)
}

// hashRevisions adds the refused ones to the samples: one below the compaction, one in the future.
func (r *recorder) hashRevisions() []int64 {
	revs := append([]int64{}, r.prov.SampleRevisions...)
	if r.prov.CompactRevision > 1 {
		revs = append(revs, r.prov.CompactRevision-1)
	}
	return append(revs, r.prov.Revision+1)
}

// gets restores the file into a real server of its own release and asks that one.
func (r *recorder) gets() error {
	rel, err := openRelease(r.g.oracles, r.prov.EtcdLine)
	if err != nil {
		return err
	}
	db, err := r.copy()
	if err != nil {
		return err
	}
	work := filepath.Dir(db)
	defer os.RemoveAll(work)
	s, err := restored(rel, db, !r.prov.TrailingSHA256, work)
	if err != nil {
		return err
	}
	defer s.stop(syscall.SIGKILL)
	get := func(file string, args ...string) error {
		args = append([]string{"get", "", "--prefix", "-w", "json"}, args...)
		var out []byte
		err := retry(func() (err error) {
			out, err = s.etcdctl(r.prov.Auth, args...)
			return err
		})
		if err != nil {
			return err
		}
		stored, err := r.store(file, out)
		r.answers = append(r.answers, answer{File: stored, Tool: "etcdctl " + rel.version,
			Command: "etcdctl get '' " + strings.Join(args[2:], " ") + ", from a server of the same version, restored from this file"})
		return err
	}
	if err := get("get.json"); err != nil {
		return err
	}
	for _, rev := range r.prov.SampleRevisions {
		if err := get(fmt.Sprintf("get-rev-%d.json", rev), "--rev", fmt.Sprint(rev)); err != nil {
			return err
		}
	}
	return nil
}
