package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// writer sends a seeded sequence of requests and stops at the first error, so
// that a workload reads as a list of steps.
type writer struct {
	ctx context.Context
	cli *clientv3.Client
	rng *rand.Rand
	rev int64 // of the last answer
	err error
}

func newWriter(cli *clientv3.Client, seed uint64) *writer {
	return &writer{ctx: context.Background(), cli: cli, rng: rand.New(rand.NewPCG(seed, 1))}
}

func (w *writer) put(key, value string, opts ...clientv3.OpOption) {
	w.do(clientv3.OpPut(key, value, opts...))
}

func (w *writer) del(key string, opts ...clientv3.OpOption) { w.do(clientv3.OpDelete(key, opts...)) }

func (w *writer) do(op clientv3.Op) {
	if w.err != nil {
		return
	}
	resp, err := w.cli.Do(w.ctx, op)
	if err != nil {
		w.err = err
		return
	}
	switch {
	case op.IsPut():
		w.rev = resp.Put().Header.Revision
	case op.IsDelete():
		w.rev = resp.Del().Header.Revision
	}
}

func (w *writer) txn(ops ...clientv3.Op) {
	if w.err != nil {
		return
	}
	resp, err := w.cli.Txn(w.ctx).Then(ops...).Commit()
	if err != nil {
		w.err = err
		return
	}
	w.rev = resp.Header.Revision
}

func (w *writer) grant(id, ttl int64) clientv3.LeaseID {
	if w.err != nil {
		return 0
	}
	req := &pb.LeaseGrantRequest{ID: id, TTL: ttl}
	resp, err := pb.NewLeaseClient(w.cli.ActiveConnection()).LeaseGrant(w.ctx, req)
	if err != nil {
		w.err = fmt.Errorf("lease %d: %w", id, err)
		return 0
	}
	return clientv3.LeaseID(resp.ID)
}

func (w *writer) revoke(id clientv3.LeaseID) {
	if w.err == nil {
		_, w.err = w.cli.Revoke(w.ctx, id)
	}
}

func (w *writer) compact(rev int64) {
	if w.err == nil {
		_, w.err = w.cli.Compact(w.ctx, rev, clientv3.WithCompactPhysical())
	}
}

var words = strings.Fields(`amber basin cedar delta ember fjord grove haven inlet jetty knoll larch
	marsh north ocean prairie quartz ridge slope tundra upland valley willow xenon yarrow zephyr`)

// text is a small JSON document of seeded words.
func (w *writer) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"generation":%d,"labels":[`, w.rng.IntN(1000))
	for i := range 2 + w.rng.IntN(8) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q", words[w.rng.IntN(len(words))])
	}
	b.WriteString("]}")
	return b.String()
}

const bigValueLen = 1 << 20

func bigValue() string {
	line := "one mebibyte of the same line, to be kept in an overflow run ..\n"
	return strings.Repeat(line, bigValueLen/len(line))
}

func allBytes() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

func registryKey(i int) string {
	kinds := []string{"pods", "services", "configmaps"}
	return fmt.Sprintf("/registry/%s/ns-%d/%s-%d", kinds[i%3], i/3%4, words[i%len(words)], i)
}

const registryKeys = 240

// oddKeys writes what a careless reader gets wrong.
func (w *writer) oddKeys() {
	w.put("a", "beside a/b")
	w.put("a/b", "below a")
	w.put("a.b", "between them in byte order: '.' is below '/'")
	w.put("empty-value", "")
	w.put("\x00", "key of one NUL")
	w.put("nul\x00inside", "value\x00with\x00NUL")
	w.put("bad-utf8-\xff\xfe\xc3\x28", "key is not UTF-8")
	w.put("\xff\xff\xff", "last key")
	w.put("binary-value", allBytes())
	w.put("truncated-utf8-value", "ends inside a rune \xe2\x82")
	w.put("surrogate-value", "CESU-8 \xed\xa0\x80 is not UTF-8")
	w.put("overlong-value", "overlong \xc0\xaf is not UTF-8")
	w.put("unicode/Straße/日本語/🐙", "snowman ☃, Gothic 𐍈, zero-width \u200b, line separator \u2028")
	w.put("escapes \"\\\b\f\n\r\t\x01\x1f\x7f<>&'", "quote \" backslash \\ control \x01\x1f del \x7f <&>")
	w.put("long/"+strings.Repeat("k", 4096-len("long/")), "key of 4096 bytes")
	w.put("big", bigValue())
}

// generations deletes and creates keys again, up to three lives a key.
func (w *writer) generations() {
	for i := 0; i < 40; i++ {
		w.del(registryKey(i * 5))
	}
	for i := 0; i < 25; i++ {
		w.put(registryKey(i*5), w.text())
	}
	for i := 0; i < 10; i++ {
		w.del(registryKey(i * 5))
	}
	for i := 0; i < 5; i++ {
		w.put(registryKey(i*5), w.text())
	}
}

// transactions writes revisions with several sub revisions, tombstones among them.
func (w *writer) transactions(n int) {
	for i := range n {
		w.txn(
			clientv3.OpPut(fmt.Sprintf("txn/%d/first", i), w.text()),
			clientv3.OpDelete(registryKey(120+i)),
			clientv3.OpPut(registryKey(150+i), w.text()),
			clientv3.OpPut(fmt.Sprintf("txn/%d/last", i), ""),
		)
	}
}

func (w *writer) updates(n int) {
	for range n {
		w.put(registryKey(w.rng.IntN(registryKeys/2)), w.text())
	}
}

const (
	monthTTL     = 30 * 24 * 3600
	leaseMany    = 0x1234567890abcdef
	leaseOne     = 7
	leaseNoKeys  = 0x0102030405060708
	leaseGone    = 99
	leaseHighest = math.MaxInt64
	leaseMinus2  = -2
)

// leases attaches keys to leases of fixed ids. Lease ids are signed: -2 is legal.
func (w *writer) leases() {
	many := w.grant(leaseMany, monthTTL)
	one := w.grant(leaseOne, monthTTL+1)
	w.grant(leaseNoKeys, 12345678)
	gone := w.grant(leaseGone, monthTTL)
	highest := w.grant(leaseHighest, 9_000_000_000)
	minus2 := w.grant(leaseMinus2, monthTTL)
	for i := range 5 {
		w.put(fmt.Sprintf("leased/many-%d", i), w.text(), clientv3.WithLease(many))
	}
	w.put("leased/moved", "was on the first lease", clientv3.WithLease(many))
	w.put("leased/moved", "now on the second", clientv3.WithLease(one))
	w.put("leased/detached", "had a lease", clientv3.WithLease(many))
	w.put("leased/detached", "has none any more")
	w.put("leased/highest-id", "", clientv3.WithLease(highest))
	w.put("leased/negative-id", "lease -2", clientv3.WithLease(minus2))
	w.put("leased/gone-1", "dies with its lease", clientv3.WithLease(gone))
	w.put("leased/gone-2", "dies with its lease", clientv3.WithLease(gone))
	w.revoke(gone)
}

// history is the workload of the etcdNN-history fixtures. It returns the
// revision that was compacted.
func (w *writer) history() (compacted int64) {
	for i := range registryKeys {
		w.put(registryKey(i), w.text())
	}
	w.oddKeys()
	for i := range 20 {
		w.put("counter", fmt.Sprint(i))
	}
	w.updates(80)
	w.generations()
	w.transactions(10)
	w.del("/registry/configmaps/ns-2/", clientv3.WithPrefix())
	w.leases()
	compacted = w.rev - 30
	w.compact(compacted)
	w.updates(60)
	w.put("big", "small now")
	w.put("big-again", bigValue())
	for i := range 15 {
		w.del(registryKey(60 + i*2))
	}
	for i := range 5 {
		w.put(registryKey(60+i*2), w.text())
	}
	w.transactions(4)
	w.put("last", w.text())
	return compacted
}

// users makes roles with every kind of permission, and users with and without roles and password.
func (w *writer) users(enable bool) {
	if w.err != nil {
		return
	}
	auth := w.cli.Auth
	step := func(_ any, err error) { w.err = errors.Join(w.err, err) }
	perm := func(role, key, end string, kind clientv3.PermissionType) {
		_, err := auth.RoleGrantPermission(w.ctx, role, key, end, kind)
		w.err = errors.Join(w.err, err)
	}
	for _, role := range []string{"root", "reader", "operator", "no-permission"} {
		_, err := auth.RoleAdd(w.ctx, role)
		w.err = errors.Join(w.err, err)
	}
	perm("reader", "/registry/", "/registry0", clientv3.PermissionType(clientv3.PermRead))
	perm("reader", "a", "", clientv3.PermissionType(clientv3.PermRead))
	perm("operator", "/registry/pods/", "\x00", clientv3.PermissionType(clientv3.PermReadWrite))
	perm("operator", "bin\x00\xff", "", clientv3.PermissionType(clientv3.PermWrite))
	step(auth.UserAdd(w.ctx, rootUser, rootPassword))
	step(auth.UserAdd(w.ctx, "alice", "alice-password"))
	step(auth.UserAdd(w.ctx, "böb", "bob-password"))
	step(auth.UserAddWithOptions(w.ctx, "certificate-only", "", &clientv3.UserAddOptions{NoPassword: true}))
	step(auth.UserGrantRole(w.ctx, rootUser, "root"))
	step(auth.UserGrantRole(w.ctx, "alice", "reader"))
	step(auth.UserGrantRole(w.ctx, "alice", "operator"))
	if enable {
		step(auth.AuthEnable(w.ctx))
	}
}

// fillQuota sends a value that does not fit; the server refuses it and raises NOSPACE.
func (w *writer) fillQuota() {
	if w.err != nil {
		return
	}
	_, err := w.cli.Put(w.ctx, "too-big", string(bytes.Repeat([]byte{'x'}, 700<<10)))
	if !errors.Is(err, rpctypes.ErrNoSpace) {
		w.err = fmt.Errorf("put over quota: want %v, have %v", rpctypes.ErrNoSpace, err)
	}
}
