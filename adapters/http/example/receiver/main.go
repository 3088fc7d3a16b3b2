// Receiver is the least that takes Artifice's invoices: it keeps each as a
// file, named after its key. It is an example to begin with; openapi.yaml says
// what it answers.
//
//	go run ./adapters/http/example/receiver -listen localhost:4567 -dir invoices
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	listen := flag.String("listen", "localhost:4567", "the address to listen on")
	dir := flag.String("dir", "invoices", "where invoices are kept")
	flag.Parse()
	if err := os.MkdirAll(*dir, 0o750); err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", *listen)
	server := &http.Server{Addr: *listen, Handler: receiver(*dir), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute}
	log.Fatal(server.ListenAndServe())
}

// receiver is the directory where it keeps invoices.
type receiver string

const maxInvoice = 256 << 20 // bytes

// isKey keeps everything out of file names that could lead elsewhere.
var isKey = regexp.MustCompile(`^[0-9a-f]{1,128}$`).MatchString

func (dir receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		dir.take(w, r)
	case http.MethodGet, http.MethodHead:
		key := r.URL.Query().Get("key")
		if _, err := os.Stat(dir.file(key)); !isKey(key) || err != nil {
			http.Error(w, "no invoice has this key", http.StatusNotFound)
			return
		}
		answer(w, http.StatusOK, key)
	default:
		http.Error(w, "invoices come by POST", http.StatusMethodNotAllowed)
	}
}

// take saves an invoice once. Whoever repeats it gets the same answer.
func (dir receiver) take(w http.ResponseWriter, r *http.Request) {
	key := strings.Trim(r.Header.Get("Idempotency-Key"), `"`)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInvoice))
	var document struct{ Key string }
	switch {
	case err != nil:
		http.Error(w, "the invoice cannot be read to its end", http.StatusBadRequest)
		return
	case !isKey(key) || json.Unmarshal(body, &document) != nil || document.Key != key:
		http.Error(w, "not an invoice, or not the one that Idempotency-Key names", http.StatusBadRequest)
		return
	}
	err = dir.save(key, body)
	if errors.Is(err, fs.ErrExist) {
		var there []byte
		if there, err = os.ReadFile(dir.file(key)); err == nil && !bytes.Equal(there, body) {
			http.Error(w, "the key was used with other content", http.StatusUnprocessableEntity)
			return
		}
	}
	if err != nil {
		log.Print(err)
		http.Error(w, "the invoice could not be saved", http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusCreated, key)
}

// save puts the invoice under its name whole and lastingly, or not at all. The
// error is fs.ErrExist where the name is taken: of two at once, one wins.
func (dir receiver) save(key string, body []byte) error {
	f, err := os.Create(filepath.Join(string(dir), rand.Text()+".part"))
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), dir.file(key)); err != nil {
		return err
	}
	names, err := os.Open(string(dir))
	if err != nil {
		return err
	}
	return errors.Join(names.Sync(), names.Close())
}

func (dir receiver) file(key string) string { return filepath.Join(string(dir), key+".json") }

// answer calls the invoice what it is called the first time and every time.
func answer(w http.ResponseWriter, status int, key string) {
	w.Header().Set("Location", "/"+key)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"id": key})
}
