package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	keptNamespaces = 4
	keptRevisions  = 40 // that compaction leaves, so that the file has a history
)

var inNamespace = regexp.MustCompile(`/ns(\d+)(/|$)`)

// thinOut deletes every object of the namespaces above ns4, then compacts and defragments.
func thinOut(c *cluster, f *fixture) error {
	ctx := context.Background()
	all, err := c.cli.Get(ctx, "", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return err
	}
	deleted, rev := 0, all.Header.Revision
	for _, kv := range all.Kvs {
		m := inNamespace.FindSubmatch(kv.Key)
		if m == nil {
			continue
		}
		if n, err := strconv.Atoi(string(m[1])); err != nil || n <= keptNamespaces {
			continue
		}
		resp, err := c.cli.Delete(ctx, string(kv.Key))
		if err != nil {
			return err
		}
		deleted, rev = deleted+1, resp.Header.Revision
	}
	compacted := rev - keptRevisions
	if _, err := c.cli.Compact(ctx, compacted, clientv3.WithCompactPhysical()); err != nil {
		return err
	}
	if _, err := c.cli.Defragment(ctx, c.members[0].clientURL); err != nil {
		return err
	}
	f.step("snapshot of etcd 3.6.16 under a Kubernetes 1.34.1 API server: %d keys at revision %d, made through the API "+
		"(namespaces, pods, deployments, config maps, secrets, events, a custom resource and its objects)",
		len(all.Kvs), all.Header.Revision)
	f.step("restored into a new server; the %d objects of the namespaces above ns%d deleted one by one; compaction at %d; "+
		"defragmentation", deleted, keptNamespaces, compacted)
	f.contains("unchanged objects as the API server wrote them: protobuf, JSON of custom resources, "+
		"secrets encrypted by secretbox with a throw-away key", "leases that keys point to",
		fmt.Sprintf("the deletions of the last %d revisions", keptRevisions),
		fmt.Sprintf("%d live keys", len(all.Kvs)-deleted))
	return f.liveAnswers(c, c.members[0], false, compacted, rev-keptRevisions/2, rev)
}
