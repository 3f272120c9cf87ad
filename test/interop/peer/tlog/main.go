// Judges and makes trees, proofs, tiles and notes with Go's own sumdb packages. It reads one JSON question and answers
// one JSON object; what does not hold is in "error".
package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Do       string   `json:"do"`
	Entries  [][]byte `json:"entries"`
	Entry    []byte   `json:"entry"`
	Index    int64    `json:"index"`
	Size     int64    `json:"size"`
	First    int64    `json:"first"`
	Root     []byte   `json:"root"`
	OldRoot  []byte   `json:"oldRoot"`
	Hashes   [][]byte `json:"hashes"`
	Note     string   `json:"note"`
	Text     string   `json:"text"`
	Name     string   `json:"name"`
	Verifier string   `json:"verifier"`
	Spki     []byte   `json:"spki"`
	Path     string   `json:"path"`
	Tile     []byte   `json:"tile"`
	File     string   `json:"file"`
}

// ecdsaVerifier is signature type 2 of c2sp.org/signed-note, which Go's package leaves to its callers.
type ecdsaVerifier struct {
	name string
	hash uint32
	key  *ecdsa.PublicKey
}

func (v ecdsaVerifier) Name() string    { return v.name }
func (v ecdsaVerifier) KeyHash() uint32 { return v.hash }
func (v ecdsaVerifier) Verify(text, sig []byte) bool {
	sum := sha256.Sum256(text)
	return ecdsa.VerifyASN1(v.key, sum[:], sig)
}

func hashes(list [][]byte) []tlog.Hash {
	out := make([]tlog.Hash, len(list))
	for i, one := range list {
		copy(out[i][:], one)
	}
	return out
}

func hash(one []byte) (h tlog.Hash) { copy(h[:], one); return }

func raw(list []tlog.Hash) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = list[i][:]
	}
	return out
}

type store []tlog.Hash

func (s *store) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = (*s)[at]
	}
	return out, nil
}

func (s *store) add(n int64, entry []byte) error {
	added, err := tlog.StoredHashes(n, entry, s)
	*s = append(*s, added...)
	return err
}

func answer(q question) (map[string]any, error) {
	switch q.Do {
	case "inclusion":
		return nil, tlog.CheckRecord(hashes(q.Hashes), q.Size, hash(q.Root), q.Index, tlog.RecordHash(q.Entry))
	case "consistency":
		return nil, tlog.CheckTree(hashes(q.Hashes), q.Size, hash(q.Root), q.First, hash(q.OldRoot))
	case "tile":
		tile, err := tlog.ParseTilePath(q.Path)
		if err != nil {
			return nil, err
		}
		var s store
		for n, entry := range q.Entries {
			if err := s.add(int64(n), entry); err != nil {
				return nil, err
			}
		}
		want, err := tlog.ReadTileData(tile, &s)
		if err == nil && string(want) != string(q.Tile) {
			err = errors.New("another tile")
		}
		return nil, err
	case "note":
		verifiers := []note.Verifier{}
		if q.Verifier != "" {
			v, err := note.NewVerifier(q.Verifier)
			if err != nil {
				return nil, err
			}
			verifiers = append(verifiers, v)
		} else {
			key, err := x509.ParsePKIXPublicKey(q.Spki)
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(q.Spki)
			verifiers = append(verifiers, ecdsaVerifier{q.Name, binary.BigEndian.Uint32(sum[:4]), key.(*ecdsa.PublicKey)})
		}
		opened, err := note.Open([]byte(q.Note), note.VerifierList(verifiers...))
		if err != nil {
			return nil, err
		}
		return map[string]any{"text": opened.Text, "verified": len(opened.Sigs), "others": len(opened.UnverifiedSigs)}, nil
	case "make":
		var s store
		for n, entry := range q.Entries {
			if err := s.add(int64(n), entry); err != nil {
				return nil, err
			}
		}
		size := int64(len(q.Entries))
		root, err := tlog.TreeHash(size, &s)
		if err != nil {
			return nil, err
		}
		inclusion, err := tlog.ProveRecord(size, q.Index, &s)
		if err != nil {
			return nil, err
		}
		growth, err := tlog.ProveTree(size, q.First, &s)
		if err != nil {
			return nil, err
		}
		old, err := tlog.TreeHash(q.First, &s)
		if err != nil {
			return nil, err
		}
		skey, vkey, err := note.GenerateKey(nil, q.Name)
		if err != nil {
			return nil, err
		}
		signer, err := note.NewSigner(skey)
		if err != nil {
			return nil, err
		}
		signed, err := note.Sign(&note.Note{Text: q.Text}, signer)
		return map[string]any{"root": root[:], "oldRoot": old[:], "inclusion": raw(inclusion), "growth": raw(growth), "note": string(signed), "verifier": vkey}, err
	}
	return nil, fmt.Errorf("what is %q", q.Do)
}

// cpu is what this process has used, in milliseconds.
func cpu() int64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return -1
	}
	return (use.Utime.Nano() + use.Stime.Nano()) / 1e6
}

// bench hashes every entry of a file of length-prefixed entries into a tree, as StoredHashes does it for a log.
func bench(folder string) error {
	names, err := os.ReadFile(folder + "/order")
	if err != nil {
		return err
	}
	var s store
	n := int64(0)
	for _, name := range strings.Fields(string(names)) {
		data, err := os.ReadFile(folder + "/" + name)
		if err != nil {
			return err
		}
		for at := 0; at < len(data); {
			length := int(binary.BigEndian.Uint16(data[at:]))
			if err := s.add(n, data[at+2:at+2+length]); err != nil {
				return err
			}
			at += 2 + length
			n++
		}
	}
	root, err := tlog.TreeHash(n, &s)
	fmt.Printf("{\"root\":\"%x\",\"entries\":%d,\"millis\":%d}\n", root[:], n, cpu())
	return err
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "bench" {
		if err := bench(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var q question
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	out, err := answer(q)
	if out == nil {
		out = map[string]any{}
	}
	if err != nil {
		out["error"] = err.Error()
	}
	json.NewEncoder(os.Stdout).Encode(out)
}
