package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
)

const (
	snapshotFile = "snapshot.db" // bbolt file and its SHA-256, as `snapshot save` writes it
	memberFile   = "member.db"   // member/snap/db as it lies on a member's disk
	plainFile    = "plain.db"    // a bbolt file that is not etcd's
)

// provenance says how a fixture came to be and what it holds; written as provenance.json.
type provenance struct {
	Name            string            `json:"name"`
	Title           string            `json:"title"`
	File            string            `json:"file"`
	Size            int64             `json:"size"`
	SHA256          string            `json:"sha256"`
	PageSize        uint32            `json:"page_size"`
	ByteOrder       string            `json:"byte_order"`
	TrailingSHA256  bool              `json:"trailing_sha256"`
	Etcd            string            `json:"etcd,omitempty"`
	EtcdLine        string            `json:"etcd_line,omitempty"`
	Tools           map[string]string `json:"tools"`
	Steps           []string          `json:"steps"`
	Contains        []string          `json:"contains"`
	Revision        int64             `json:"revision,omitempty"`
	CompactRevision int64             `json:"compact_revision,omitempty"`
	SampleRevisions []int64           `json:"sample_revisions,omitempty"`
	Auth            bool              `json:"auth_enabled,omitempty"`
	TwinOf          string            `json:"twin_of,omitempty"`
}

type fixture struct {
	dir  string
	prov provenance
}

// newFixture empties OUT/NAME and makes it ready for a fixture and its answers.
func (g *generator) newFixture(name, title string) (*fixture, error) {
	f := &fixture{dir: filepath.Join(g.out, name), prov: provenance{Name: name, Title: title,
		Tools: map[string]string{}, Steps: []string{}, Contains: []string{}}}
	if err := os.RemoveAll(f.dir); err != nil {
		return nil, err
	}
	return f, os.MkdirAll(filepath.Join(f.dir, "oracle"), 0o755)
}

func (f *fixture) step(format string, args ...any) {
	f.prov.Steps = append(f.prov.Steps, fmt.Sprintf(format, args...))
}

func (f *fixture) contains(what ...string) { f.prov.Contains = append(f.prov.Contains, what...) }

func (f *fixture) byRelease(rel *release) {
	f.prov.Etcd, f.prov.EtcdLine = rel.version, rel.line
	f.prov.Tools["etcd"] = rel.version
	f.prov.Tools["etcdctl"] = rel.version
	f.byModule("go.etcd.io/etcd/client/v3")
}

// byModule notes the version of a library that this program is linked with.
func (f *fixture) byModule(path string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, dep := range info.Deps {
		if dep.Path == path {
			f.prov.Tools[path] = dep.Version
		}
	}
}

// finish compresses raw to DIR/file.zst, measures it and writes provenance.json.
func (f *fixture) finish(raw, file string) error {
	data, err := os.ReadFile(raw)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	p := &f.prov
	p.File, p.Size, p.SHA256 = file+".zst", int64(len(data)), hex.EncodeToString(sum[:])
	p.ByteOrder, p.PageSize, err = metaFacts(data)
	if err != nil {
		return err
	}
	if n := len(data) - sha256.Size; len(data)%512 == sha256.Size {
		sum := sha256.Sum256(data[:n])
		p.TrailingSHA256 = bytes.Equal(sum[:], data[n:])
	}
	if err := compress(raw, filepath.Join(f.dir, p.File)); err != nil {
		return err
	}
	return writeJSON(filepath.Join(f.dir, "provenance.json"), p)
}

func metaFacts(data []byte) (order string, pageSize uint32, err error) {
	const magic, magicAt, pageSizeAt = 0xED0CDAED, 16, 24
	switch {
	case len(data) < 80:
		return "", 0, fmt.Errorf("no room for a meta page in %d bytes", len(data))
	case binary.LittleEndian.Uint32(data[magicAt:]) == magic:
		return "little", binary.LittleEndian.Uint32(data[pageSizeAt:]), nil
	case binary.BigEndian.Uint32(data[magicAt:]) == magic:
		return "big", binary.BigEndian.Uint32(data[pageSizeAt:]), nil
	}
	return "", 0, fmt.Errorf("meta 0 has no bbolt magic")
}

func compress(from, to string) error {
	out, err := exec.Command("zstd", "-q", "-f", "-19", "-T1", "--no-progress", from, "-o", to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("zstd %s: %w: %s", from, err, out)
	}
	return os.Chmod(to, 0o644)
}

func decompress(from, to string) error {
	out, err := exec.Command("zstd", "-q", "-f", "-d", from, "-o", to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("zstd -d %s: %w: %s", from, err, out)
	}
	return nil
}

func writeJSON(path string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// appendSHA256 turns a bbolt file into the form that `snapshot save` gives.
func appendSHA256(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	return os.WriteFile(path, append(data, sum[:]...), 0o644)
}
