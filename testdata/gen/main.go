// Command gen makes the fixtures under testdata/ from real etcd servers and the
// bbolt library, and records what the reference tools say about them.
//
//	gen -oracles DIR -out DIR [-k8s FILE.zst] fixtures [NAME...]
//	gen -oracles DIR -out DIR record [NAME...]
//
// -oracles is the OUTDIR of tests/oracle/build.sh; -out is testdata/ itself or a
// folder to be compared with it. Servers listen on 127.0.0.1 only.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

type generator struct {
	oracles string
	out     string
	work    string
	k8s     string
	twin    string // program of testdata/gen/bigendian
}

type job struct {
	name string
	slow bool // waits more than it works: runs beside the others
	run  func() error
}

func (g *generator) jobs() []job {
	jobs := []job{{"etcd36-checkpoint", true, func() error { return g.checkpoint("3.6", "etcd36-checkpoint") }}}
	for _, line := range []string{"3.4", "3.5", "3.6", "3.7"} {
		jobs = append(jobs,
			job{fixtureLine(line) + "-history", false, func() error { return g.history(line) }},
			job{fixtureLine(line) + "-cluster", false, func() error { return g.clusterState(line) }})
	}
	simple := func(line, name, title string, load func(*writer, *fixture) []int64) job {
		return job{name, false, func() error { return g.simple(line, name, title, load) }}
	}
	const atTombstone = "compacted at a tombstone's revision"
	jobs = append(jobs,
		simple("3.6", "etcd36-empty", "fresh, no key", loadEmpty),
		simple("3.6", "etcd36-uncompacted", "tombstones at the end", loadUncompacted),
		simple("3.4", "etcd34-compact-tombstone", atTombstone, loadCompactTombstone),
		simple("3.6", "etcd36-compact-tombstone", atTombstone, loadCompactTombstone),
		job{"etcd36-bump", false, func() error { return g.bump("3.6", "etcd36-bump") }},
		job{"etcd36-member", false, func() error { return g.member("3.6", "etcd36-member") }},
		job{"etcd36-removed-member", false, func() error { return g.removedMember("3.6", "etcd36-removed-member") }},
		job{"etcd36-three", false, func() error { return g.three("3.6", "etcd36-three") }},
		job{"etcd36-16k", false, func() error { return g.repaged("etcd36-history", "etcd36-16k", 16<<10) }},
		job{"etcd36-64k", false, func() error { return g.repaged("etcd36-history", "etcd36-64k", 64<<10) }},
		job{"bbolt-1k", false, g.bolt1k},
		job{"bbolt-stored-freelist", false, g.boltStoredFreelist},
		job{"bbolt-big-freelist", false, g.boltBigFreelist},
		job{"bbolt-nested", false, g.boltNested},
		job{"bbolt-plain", false, g.boltPlain},
		job{"bbolt-fresh", false, g.boltFresh},
	)
	for _, name := range []string{"etcd36-history", "bbolt-nested", "bbolt-stored-freelist"} {
		jobs = append(jobs, job{name + "-be", false, func() error { return g.bigEndian(name, name+"-be") }})
	}
	if g.k8s != "" {
		jobs = append(jobs, job{"k8s-small", false, func() error { return g.k8sSmall(g.k8s, "3.6", "k8s-small") }})
	}
	return jobs
}

func (g *generator) fixtures(names []string) error {
	var wg sync.WaitGroup
	var slow []error
	var mu sync.Mutex
	var failed error
	for _, j := range g.jobs() {
		if len(names) > 0 && !slices.Contains(names, j.name) {
			continue
		}
		if !j.slow {
			failed = errors.Join(failed, report(j.name, j.run()))
			continue
		}
		wg.Go(func() {
			err := report(j.name, j.run())
			mu.Lock()
			slow = append(slow, err)
			mu.Unlock()
		})
	}
	wg.Wait()
	return errors.Join(append(slow, failed)...)
}

func report(name string, err error) error {
	if err != nil {
		fmt.Printf("%-28s FAILED: %v\n", name, err)
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("%-28s done\n", name)
	return nil
}

func (g *generator) record(names []string) error {
	dirs, err := g.fixtureDirs()
	if err != nil {
		return err
	}
	var failed error
	for _, name := range dirs {
		if len(names) == 0 || slices.ContainsFunc(names, func(n string) bool {
			return n == name || strings.HasPrefix(name, n+"/")
		}) {
			failed = errors.Join(failed, report(name, g.recordFixture(name)))
		}
	}
	return failed
}

func (g *generator) fixtureDirs() ([]string, error) {
	var names []string
	err := filepath.WalkDir(g.out, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == "provenance.json" {
			name, relErr := filepath.Rel(g.out, filepath.Dir(path))
			names, err = append(names, name), relErr
		}
		return err
	})
	return names, err
}

func main() {
	g := &generator{}
	flag.StringVar(&g.oracles, "oracles", "", "folder that tests/oracle/build.sh filled")
	flag.StringVar(&g.out, "out", "", "folder of the fixtures")
	flag.StringVar(&g.k8s, "k8s", "", "compressed snapshot to make k8s-small from")
	flag.StringVar(&g.twin, "bigendian", "", "program built from testdata/gen/bigendian")
	flag.Parse()
	commands := map[string]func([]string) error{"fixtures": g.fixtures, "record": g.record}
	command, ok := commands[flag.Arg(0)]
	if !ok || g.oracles == "" || g.out == "" {
		flag.Usage()
		os.Exit(2)
	}
	work, err := os.MkdirTemp("", "snapscope-gen")
	if err == nil {
		g.work = work
		err = command(flag.Args()[1:])
		os.RemoveAll(work)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
