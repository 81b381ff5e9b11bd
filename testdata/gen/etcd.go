package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// inCluster runs body in a fresh cluster of n members and stops it.
func (g *generator) inCluster(line string, n int, extra []string,
	body func(rel *release, c *cluster, work string) error) error {
	rel, err := openRelease(g.oracles, line)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(g.work, "cluster")
	if err != nil {
		return err
	}
	c, err := startCluster(rel, work, n, extra...)
	if err != nil {
		return err
	}
	defer c.stop()
	return body(rel, c, work)
}

// saveSnapshot asks member i for a snapshot by the release's own etcdctl and finishes the fixture.
func (f *fixture) saveSnapshot(s *server, auth bool) error {
	path := s.dataDir + ".snapshot"
	f.step("etcdctl snapshot save of member %s", s.name)
	if _, err := s.etcdctl(auth, "snapshot", "save", path); err != nil {
		return err
	}
	return f.finish(path, snapshotFile)
}

// liveAnswers records what the running member says about itself, before the snapshot.
func (f *fixture) liveAnswers(c *cluster, s *server, auth bool, revs ...int64) error {
	f.prov.Auth = auth
	f.prov.SampleRevisions = revs
	questions := map[string][]string{
		"members.json":         {"member", "list"},
		"alarms.json":          {"alarm", "list"},
		"leases.json":          {"lease", "list"},
		"users.json":           {"user", "list"},
		"roles.json":           {"role", "list"},
		"endpoint-status.json": {"endpoint", "status"},
	}
	for file, args := range questions {
		out, err := s.etcdctl(auth, append(args, "-w", "json")...)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(f.dir, "oracle", file), out, 0o644); err != nil {
			return err
		}
	}
	return f.liveHashKV(c, s, revs)
}

type liveHash struct {
	Revision        int64  `json:"revision"`
	Hash            uint32 `json:"hash"`
	HashRevision    int64  `json:"hash_revision"`
	CompactRevision int64  `json:"compact_revision"`
	Error           string `json:"error,omitempty"`
}

func (f *fixture) liveHashKV(c *cluster, s *server, revs []int64) error {
	answers := []liveHash{}
	for _, rev := range append([]int64{0}, revs...) {
		resp, err := c.cli.HashKV(context.Background(), s.clientURL, rev)
		if errors.Is(err, rpctypes.ErrCompacted) { // 3.4 refuses the revision of the compaction too
			answers = append(answers, liveHash{Revision: rev, Error: err.Error()})
			continue
		}
		if err != nil {
			return fmt.Errorf("hashkv at %d: %w", rev, err)
		}
		answers = append(answers, liveHash{Revision: rev, Hash: resp.Hash, HashRevision: resp.HashRevision,
			CompactRevision: resp.CompactRevision})
		if rev == 0 { // others may come from the server's store of hashes, with an older compaction
			f.prov.Revision, f.prov.CompactRevision = resp.Header.Revision, max(0, resp.CompactRevision)
		}
	}
	return writeJSON(filepath.Join(f.dir, "oracle", "hashkv-live.json"), answers)
}

func fixtureLine(line string) string { return "etcd" + strings.ReplaceAll(line, ".", "") }

func (g *generator) history(line string) error {
	return g.inCluster(line, 1, nil, func(rel *release, c *cluster, _ string) error {
		f, err := g.newFixture(fixtureLine(line)+"-history", "history of one server of etcd "+line)
		if err != nil {
			return err
		}
		f.byRelease(rel)
		w := newWriter(c.cli, 1)
		compacted := w.history()
		w.users(false)
		if w.err != nil {
			return w.err
		}
		f.step("one server; the workload history() of testdata/gen/history.go: puts, updates, deletes, re-creations, "+
			"transactions, leases; compaction at revision %d; more of the same", compacted)
		f.step("users and roles, authentication left off")
		f.contains("several hundred keys with up to three generations", "sub revisions above 0", "tombstones",
			"one compaction", "six leases, one revoked, one without keys, ids 2^63-1 and -2",
			"keys with NUL, invalid UTF-8, JSON escapes, 4096 bytes", "empty, binary and 1 MiB values",
			"users and roles, auth off")
		if err := f.liveAnswers(c, c.members[0], false, compacted, compacted+10, w.rev-20, w.rev); err != nil {
			return err
		}
		return f.saveSnapshot(c.members[0], false)
	})
}

// clusterState holds what is no key: learner, alarm, authentication.
func (g *generator) clusterState(line string) error {
	extra := []string{"--quota-backend-bytes", "409600", "--bcrypt-cost", "4"}
	return g.inCluster(line, 1, extra, func(rel *release, c *cluster, _ string) error {
		f, err := g.newFixture(fixtureLine(line)+"-cluster", "learner, alarm and authentication of etcd "+line)
		if err != nil {
			return err
		}
		f.byRelease(rel)
		w := newWriter(c.cli, 2)
		for i := range 20 {
			w.put(registryKey(i), w.text())
		}
		w.leases()
		w.fillQuota()
		if w.err == nil {
			_, w.err = c.cli.MemberAddAsLearner(w.ctx, []string{"http://127.0.0.1:1", "http://localhost:1"})
		}
		w.users(true)
		if w.err != nil {
			return w.err
		}
		f.step("one server with --quota-backend-bytes 409600: 20 keys, leases, then a value over the quota")
		f.step("a learner added that never starts; roles, users; auth enable")
		f.contains("authEnabled = 1", "a learner with two peer URLs and no name", "NOSPACE alarm",
			"users with and without password and roles", "leases")
		if err := c.login(); err != nil {
			return err
		}
		if err := f.liveAnswers(c, c.members[0], true, w.rev-5, w.rev); err != nil {
			return err
		}
		return f.saveSnapshot(c.members[0], true)
	})
}

// login replaces the client by one of the root user.
func (c *cluster) login() error {
	_ = c.cli.Close()
	return c.dial(rootUser, rootPassword)
}

// simple makes a fixture of one server: workload, live answers at the revisions it returns, snapshot.
func (g *generator) simple(line, name, title string, load func(w *writer, f *fixture) []int64) error {
	return g.inCluster(line, 1, nil, func(rel *release, c *cluster, _ string) error {
		f, err := g.newFixture(name, title)
		if err != nil {
			return err
		}
		f.byRelease(rel)
		w := newWriter(c.cli, 3)
		revs := load(w, f)
		if w.err != nil {
			return w.err
		}
		if err := f.liveAnswers(c, c.members[0], false, revs...); err != nil {
			return err
		}
		return f.saveSnapshot(c.members[0], false)
	})
}

func loadEmpty(_ *writer, f *fixture) []int64 {
	f.step("one fresh server, no request made")
	f.contains("no key at all, revision 1")
	return nil
}

func loadUncompacted(w *writer, f *fixture) []int64 {
	for i := range 30 {
		w.put(registryKey(i), w.text())
	}
	before := w.rev
	for i := range 10 {
		w.del(registryKey(i))
	}
	w.del("/registry/services/", clientv3.WithPrefix())
	f.step("30 keys put; 10 deleted one by one; then the prefix /registry/services/ in one revision")
	f.contains("no compaction", "the last entries are tombstones, sub revisions above 0 among them")
	return []int64{before, before + 5, w.rev}
}

func loadCompactTombstone(w *writer, f *fixture) []int64 {
	for i := range 12 {
		w.put(registryKey(i), w.text())
	}
	w.updates(10)
	w.txn(clientv3.OpPut("beside-tombstones", "sub revision 0"), clientv3.OpDelete(registryKey(0)),
		clientv3.OpDelete(registryKey(1)))
	at := w.rev
	w.put(registryKey(0), "created again")
	w.del(registryKey(2))
	w.compact(at)
	w.put("after-compaction", w.text())
	f.step("12 keys, 10 updates, then revision %d: one transaction of a put and two deletes; one of the two created again, "+
		"a third deleted; compaction at exactly %d; one more put", at, at)
	f.contains("a compaction at the revision of tombstones: 3.6 keeps them, 3.4.23 deletes them")
	return []int64{at, at + 1, w.rev}
}

func (g *generator) bump(line, name string) error {
	return g.inCluster(line, 1, nil, func(rel *release, c *cluster, work string) error {
		f, err := g.newFixture(name, "restored with a revision bump, never started")
		if err != nil {
			return err
		}
		f.byRelease(rel)
		f.prov.Tools["etcdutl"] = rel.version
		w := newWriter(c.cli, 4)
		for i := range 40 {
			w.put(registryKey(i), w.text())
		}
		w.updates(20)
		w.del(registryKey(3))
		if w.err != nil {
			return w.err
		}
		snapshot, dir := filepath.Join(work, "s.db"), filepath.Join(work, "restored")
		if _, err := c.members[0].etcdctl(false, "snapshot", "save", snapshot); err != nil {
			return err
		}
		if _, err := run(rel.tool("etcdutl"), "snapshot", "restore", snapshot, "--data-dir", dir,
			"--bump-revision", "1000", "--mark-compacted"); err != nil {
			return err
		}
		f.step("one server, 61 writes up to revision %d, etcdctl snapshot save", w.rev)
		f.step("etcdutl snapshot restore --bump-revision 1000 --mark-compacted, then member/snap/db copied")
		f.contains("a last entry with an empty value at revision latest + 1000",
			"scheduledCompactRev without finishedCompactRev", "no trailing SHA-256")
		f.prov.Revision = w.rev + 1000
		return f.finish(filepath.Join(dir, "member", "snap", "db"), memberFile)
	})
}

// member copies the file of a server that was killed: longer than its high-water
// mark, and the two metas are two different states.
func (g *generator) member(line, name string) error {
	return g.inCluster(line, 1, nil, func(rel *release, c *cluster, _ string) error {
		f, err := g.newFixture(name, "member/snap/db of a killed server")
		if err != nil {
			return err
		}
		f.byRelease(rel)
		w := newWriter(c.cli, 5)
		for i := range 120 {
			w.put(registryKey(i), w.text())
		}
		w.updates(60)
		w.compact(w.rev - 40)
		w.updates(20)
		time.Sleep(time.Second)
		w.put("second-last-commit", w.text())
		time.Sleep(time.Second)
		w.put("last-commit", w.text())
		time.Sleep(time.Second)
		if w.err != nil {
			return w.err
		}
		if err := f.liveAnswers(c, c.members[0], false, w.rev-10, w.rev); err != nil {
			return err
		}
		c.members[0].stop(syscall.SIGKILL)
		f.step("one server, 200 writes and a compaction, a second of rest before each of the last two puts; "+
			"SIGKILL; member/snap/db copied up to revision %d", w.rev)
		f.contains("preallocated zeroes behind the high-water mark", "no trailing SHA-256",
			"metas with different roots, one commit apart")
		return f.finish(c.members[0].dbPath(), memberFile)
	})
}

func (g *generator) removedMember(line, name string) error {
	return g.inCluster(line, 3, nil, func(rel *release, c *cluster, _ string) error {
		f, err := g.newFixture(name, "three members, one removed")
		if err != nil {
			return err
		}
		f.byRelease(rel)
		w := newWriter(c.cli, 6)
		for i := range 20 {
			w.put(registryKey(i), w.text())
		}
		if w.err != nil {
			return w.err
		}
		status, err := c.cli.Status(w.ctx, c.members[2].clientURL)
		if err != nil {
			return err
		}
		if err := retry(func() error {
			_, err := c.cli.MemberRemove(w.ctx, status.Header.MemberId)
			return err
		}); err != nil {
			return err
		}
		c.members[2].stop(syscall.SIGTERM)
		w.put("after-removal", w.text())
		if w.err != nil {
			return w.err
		}
		f.step("three members; 20 keys; member m2 removed; one more put")
		f.contains(fmt.Sprintf("members_removed with %x", status.Header.MemberId), "two members in members and confState")
		if err := c.waitApplied(w.rev, 2); err != nil {
			return err
		}
		if err := f.liveAnswers(c, c.members[0], false, w.rev); err != nil {
			return err
		}
		return f.saveSnapshot(c.members[0], false)
	})
}

// retry calls f until it succeeds: a cluster refuses to change its members until
// they have been connected for some seconds.
func retry(f func() error) error {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		if err = f(); err == nil {
			return nil
		}
	}
	return err
}

// waitApplied waits until the first n members have applied rev.
func (c *cluster) waitApplied(rev int64, n int) error {
	for _, s := range c.members[:n] {
		if err := retry(func() error {
			status, err := c.cli.Status(context.Background(), s.clientURL)
			if err == nil && status.Header.Revision < rev {
				err = errors.New(s.name + " lags behind")
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// three takes the three members of one cluster: a before the compaction, b after
// it at the same revision, c some writes later.
func (g *generator) three(line, name string) error {
	return g.inCluster(line, 3, nil, func(rel *release, c *cluster, _ string) error {
		w := newWriter(c.cli, 7)
		for i := range 60 {
			w.put(registryKey(i), w.text())
		}
		w.updates(40)
		w.del(registryKey(9))
		common := w.rev
		save := func(member int, title string, steps ...string) error {
			if w.err != nil {
				return w.err
			}
			if err := c.waitApplied(w.rev, 3); err != nil {
				return err
			}
			s := c.members[member]
			f, err := g.newFixture(filepath.Join(name, string(rune('a'+member))), title)
			if err != nil {
				return err
			}
			f.byRelease(rel)
			f.prov.Steps = append(f.prov.Steps, steps...)
			f.contains("same cluster as its two siblings", "three members")
			revs := []int64{common}
			if w.rev != common {
				revs = append(revs, w.rev)
			}
			if err := f.liveAnswers(c, s, false, revs...); err != nil {
				return err
			}
			return f.saveSnapshot(s, false)
		}
		first := fmt.Sprintf("three members; 60 keys, 40 updates, a delete: revision %d", common)
		if err := save(0, "member a, before the compaction", first); err != nil {
			return err
		}
		w.compact(common - 15)
		time.Sleep(time.Second)
		second := fmt.Sprintf("compaction at %d", common-15)
		if err := save(1, "member b, same revision as a, compacted", first, second); err != nil {
			return err
		}
		w.updates(25)
		return save(2, "member c, 25 updates later", first, second, "25 updates")
	})
}

// checkpoint waits five minutes, the interval at which a leader notes what is left of its leases.
func (g *generator) checkpoint(line, name string) error {
	extra := []string{"--feature-gates", "LeaseCheckpoint=true,LeaseCheckpointPersist=true"}
	return g.inCluster(line, 1, extra, func(rel *release, c *cluster, _ string) error {
		f, err := g.newFixture(name, "leases with a checkpointed remaining TTL")
		if err != nil {
			return err
		}
		f.byRelease(rel)
		w := newWriter(c.cli, 8)
		w.put("held", "by the lease", clientv3.WithLease(w.grant(11, 7200)))
		w.grant(12, 86400)
		w.grant(13, 200)
		if w.err != nil {
			return w.err
		}
		time.Sleep(5*time.Minute + 5*time.Second)
		w.put("after-checkpoint", w.text())
		if w.err != nil {
			return w.err
		}
		f.step("one server with the feature gates LeaseCheckpoint and LeaseCheckpointPersist; leases 11, 12 and 13 of 7200, " +
			"86400 and 200 s; five minutes of waiting; one put")
		f.contains("leases 11 and 12 with RemainingTTL, lease 13 expired")
		if err := f.liveAnswers(c, c.members[0], false, w.rev); err != nil {
			return err
		}
		return f.saveSnapshot(c.members[0], false)
	})
}

// restored boots a server of rel from a snapshot or a raw member file.
func restored(rel *release, file string, skipHash bool, work string, extra ...string) (*server, error) {
	s, err := newServer(rel, "restored", filepath.Join(work, "restored.etcd"))
	if err != nil {
		return nil, err
	}
	initial := s.name + "=" + s.peerURL
	args := []string{"snapshot", "restore", file, "--data-dir", s.dataDir, "--name", s.name,
		"--initial-cluster", initial, "--initial-advertise-peer-urls", s.peerURL, "--initial-cluster-token", "fixture"}
	if skipHash {
		args = append(args, "--skip-hash-check")
	}
	tool := "etcdutl"
	if rel.line < "3.5" {
		tool = "etcdctl"
	}
	if _, err := run(rel.tool(tool), args...); err != nil {
		return nil, err
	}
	if err := s.start(initial, extra...); err != nil {
		return nil, err
	}
	if err := s.waitUp(); err != nil {
		s.stop(syscall.SIGKILL)
		return nil, err
	}
	return s, nil
}

// k8sSmall thins out a snapshot of a real Kubernetes API server by etcd's own means.
func (g *generator) k8sSmall(source, line, name string) error {
	rel, err := openRelease(g.oracles, line)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(g.work, "k8s")
	if err != nil {
		return err
	}
	raw := filepath.Join(work, "source.db")
	if err := decompress(source, raw); err != nil {
		return err
	}
	s, err := restored(rel, raw, false, work)
	if err != nil {
		return err
	}
	c := &cluster{members: []*server{s}}
	defer c.stop()
	if err := c.dial("", ""); err != nil {
		return err
	}
	f, err := g.newFixture(name, "part of a Kubernetes 1.34 API server's data")
	if err != nil {
		return err
	}
	f.byRelease(rel)
	f.prov.Tools["kubernetes"] = "1.34.1"
	if err := thinOut(c, f); err != nil {
		return err
	}
	return f.saveSnapshot(s, false)
}
