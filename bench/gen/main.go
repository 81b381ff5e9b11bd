// Command gen fills a running etcd with many keys, or changes some of them, for benchmarks.
//
//	gen ENDPOINT KEYS ROUNDS VALUE_LEN [FIRST_ROUND]
//	gen ENDPOINT change CHANGES
//
// Each round puts every key once, in transactions of 64. After the last round every hundredth key is
// deleted, and the first hundredth of all revisions is compacted. Half of the values are JSON text,
// half are bytes behind "k8s\0", as Kubernetes stores its own kinds. The same arguments give the
// same keys and values; another FIRST_ROUND (default 0) gives the same keys, each with another value.
//
// With change, CHANGES transactions of one operation each: in turn a new key, another value for a key that
// fill made, and a deletion, spread over the first 100,000 keys.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
)

const (
	txnLen  = 64
	writers = 8
)

var kinds = []string{"configmaps", "pods", "secrets", "leases", "events", "deployments"}

func key(n int) string {
	return fmt.Sprintf("/registry/%s/namespace-%03d/object-%08d", kinds[n%len(kinds)], n/len(kinds)%200, n)
}

func value(n, round, length int) string {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(n))
	binary.LittleEndian.PutUint64(seed[8:], uint64(round))
	random := rand.NewChaCha8(seed)
	bytes := make([]byte, length)
	random.Read(bytes)
	if n%2 == 1 {
		return "k8s\x00" + string(bytes[min(4, length):])
	}
	text := fmt.Sprintf(`{"kind":"Bench","metadata":{"name":"object-%08d","generation":%d},"data":"`, n, round)
	for i, b := range bytes {
		bytes[i] = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789"[b%64]
	}
	return text + string(bytes[min(len(text)+2, length):]) + `"}`
}

func putRound(client *clientv3.Client, keys, round, length int) error {
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(writers)
	for first := 0; first < keys && ctx.Err() == nil; first += txnLen {
		ops := make([]clientv3.Op, 0, txnLen)
		for n := first; n < min(first+txnLen, keys); n++ {
			ops = append(ops, clientv3.OpPut(key(n), value(n, round, length)))
		}
		group.Go(func() error {
			_, err := client.Txn(ctx).Then(ops...).Commit()
			return err
		})
	}
	return group.Wait()
}

func deleteSome(client *clientv3.Client, keys int) error {
	for n := 0; n < keys; n += 100 {
		if _, err := client.Delete(context.Background(), key(n)); err != nil {
			return err
		}
	}
	return nil
}

func connect(endpoint string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 30 * time.Second})
}

func fill(endpoint string, keys, rounds, length, first int) error {
	client, err := connect(endpoint)
	if err != nil {
		return err
	}
	defer client.Close()
	for round := range rounds {
		if err := putRound(client, keys, first+round, length); err != nil {
			return err
		}
	}
	if err := deleteSome(client, keys); err != nil {
		return err
	}
	answer, err := client.Get(context.Background(), "x")
	if err != nil {
		return err
	}
	compact := max(answer.Header.Revision/100, 2)
	_, err = client.Compact(context.Background(), compact, clientv3.WithCompactPhysical())
	return err
}

func change(endpoint string, changes int) error {
	client, err := connect(endpoint)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx := context.Background()
	for i := 0; i < changes && err == nil; i++ {
		n := i * 37 % 100000
		switch i % 3 {
		case 0:
			_, err = client.Put(ctx, key(n)+"-new", value(n, 1000, 1000))
		case 1:
			_, err = client.Put(ctx, key(n), value(n, 1000, 1000))
		case 2:
			_, err = client.Delete(ctx, key(n))
		}
	}
	return err
}

func numbers(words []string) []int {
	found := make([]int, len(words))
	for i, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "gen: not a number above 0: %s\n", word)
			os.Exit(2)
		}
		found[i] = n
	}
	return found
}

func main() {
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[2] == "change":
		err = change(os.Args[1], numbers(os.Args[3:])[0])
	case len(os.Args) == 5:
		given := numbers(os.Args[2:])
		err = fill(os.Args[1], given[0], given[1], given[2], 0)
	case len(os.Args) == 6:
		given := numbers(os.Args[2:])
		err = fill(os.Args[1], given[0], given[1], given[2], given[3])
	default:
		fmt.Fprintln(os.Stderr, "usage: gen ENDPOINT KEYS ROUNDS VALUE_LEN [FIRST_ROUND] | gen ENDPOINT change CHANGES")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
