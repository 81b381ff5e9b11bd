package main

import "path/filepath"

// bigEndian makes the twin that a big-endian machine would have written.
func (g *generator) bigEndian(from, name string) error {
	src, err := g.unpack(from)
	if err != nil {
		return err
	}
	parent, err := g.readProvenance(from)
	if err != nil {
		return err
	}
	f, err := g.newFixture(name, from+" in big-endian byte order")
	if err != nil {
		return err
	}
	f.prov.Etcd, f.prov.EtcdLine, f.prov.Tools = parent.Etcd, parent.EtcdLine, parent.Tools
	f.prov.Revision, f.prov.CompactRevision, f.prov.SampleRevisions, f.prov.TwinOf =
		parent.Revision, parent.CompactRevision, parent.SampleRevisions, from
	path := filepath.Join(filepath.Dir(src), "twin.db")
	if _, err := run(g.twin, src, path); err != nil {
		return err
	}
	f.step("the file of %s, rewritten by testdata/gen/bigendian: no tool on a little-endian machine makes or reads it", from)
	f.contains("the same buckets, keys and values as "+from, "its answers are those of "+from)
	return f.finish(path, filepath.Base(src))
}
