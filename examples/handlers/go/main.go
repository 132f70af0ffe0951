// A minimal complete snapshot handler: freeze, a snapshot of each disk, thaw, report. The standard library and openssl.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type object map[string]any

var (
	root   string // of the package
	disk   string // the guest's system disk
	places object // of HandlerEnvironment.json
	bridge = "http://" + os.Getenv("AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS") + "/bridge/"
	number = os.Getenv("ConfigSequenceNumber")
)

func main() {
	if verb := os.Args[1]; verb != "enable" && verb != "work" {
		return // there is nothing to install, disable, update or uninstall
	}
	program, err := os.Executable()
	check(err)
	root = filepath.Dir(program)
	for disk = root; !exists(filepath.Join(disk, "bridge.token")); disk = filepath.Dir(disk) {
	}
	var environment []struct{ HandlerEnvironment object }
	decode(read(filepath.Join(root, "HandlerEnvironment.json")), &environment)
	places = environment[0].HandlerEnvironment
	if os.Args[1] == "work" {
		work()
		return
	}
	writeStatus(document("", "success", 4, 0, nil, []object{})) // accepted, and at work from now on
	worker := exec.Command(program, "work")
	worker.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	check(worker.Start())
}

func work() {
	task, plain, inner := settings()
	line := ask("GET", bridge+"session?task_id="+task, nil, token()) // open until this process ends
	var opened struct{ Session string }
	text, err := bufio.NewReader(line.Body).ReadBytes('\n')
	check(err)
	decode(text, &opened)

	writers := guest("facts", nil)["has_vss"] == true
	code, consistency, status := 121, 0, "error"
	var taken []object
	if guest("freeze", object{"session": opened.Session, "timeout_seconds": 60, "writers": writers})["frozen"] == true {
		snapshots, failed := take(inner)
		thawed := guest("thaw", object{"session": opened.Session})["consistent"] == true
		if failed == nil && thawed {
			taken, status, code, consistency = snapshots, "success", 1, 1
			if writers {
				code, consistency = 0, 2
			}
		}
	}
	report := document(task, status, code, consistency, taken, []object{})
	part := object{"code": "0", "name": string(report), "status": "success", "formattedMessage": nil}
	writeStatus(document(task, "success", code, consistency, nil, []object{part}))
	put(plain["statusBlobUri"].(string), report)
	put(plain["logsBlobUri"].(string), []byte(fmt.Sprintf("task %s ended with code %d\n", task, code)))
}

// settings returns the task's id, the protected settings, and the task inside these.
func settings() (string, object, object) {
	var file struct {
		RuntimeSettings []struct{ HandlerSettings object }
	}
	decode(read(filepath.Join(places["configFolder"].(string), number+".settings")), &file)
	handler := file.RuntimeSettings[0].HandlerSettings
	var pair string
	for _, folder := range []string{"WindowsAzure/Certificates", "var/lib/waagent"} {
		candidate := filepath.Join(disk, folder, handler["protectedSettingsCertThumbprint"].(string))
		if exists(candidate + ".prv") {
			pair = candidate
		}
	}
	opener := exec.Command("openssl", "cms", "-decrypt", "-inform", "DER", "-recip", pair+".crt", "-inkey", pair+".prv")
	opener.Stdin = bytes.NewReader(unpacked(handler["protectedSettings"].(string)))
	opened, err := opener.Output()
	check(err)
	var plain, inner object
	decode(opened, &plain)
	decode(unpacked(plain["objectStr"].(string)), &inner)
	return handler["publicSettings"].(map[string]any)["taskId"].(string), plain, inner
}

// take returns the entries of snapshotInfo.
func take(task object) (taken []object, failed error) {
	headers := map[string]string{}
	for _, each := range task["backupMetadata"].([]any) {
		pair := each.(map[string]any)
		headers["x-ms-meta-"+pair["Key"].(string)] = pair["Value"].(string)
	}
	defer func() { // whatever happened, there is a thaw to come
		if problem := recover(); problem != nil {
			failed = fmt.Errorf("%v", problem)
		}
	}()
	for _, uri := range task["blobSASUri"].([]any) {
		answer := ask("PUT", uri.(string)+"&comp=snapshot", []byte{}, headers)
		plain, _, _ := strings.Cut(uri.(string), "?") // never the signature
		taken = append(taken, object{"isSuccessful": true, "errorMessage": "", "blobUri": plain,
			"snapshotUri": plain + "?snapshot=" + answer.Header.Get("x-ms-snapshot")})
	}
	return taken, nil
}

func document(task, status string, code, consistency int, snapshots []object, substatus []object) []byte {
	message := fmt.Sprintf(`{"messageStr": "code %d", "snapshotConsistency": %d}`, code, consistency)
	return encode([]object{{"version": "1.0", "timestampUTC": time.Now().UTC().Format(time.RFC3339), "status": object{
		"name": "GoSnapshot", "operation": "Enable", "status": status, "code": fmt.Sprint(code), "taskId": task,
		"snapshotInfo": snapshots, "substatus": substatus,
		"formattedMessage": object{"lang": "en-US", "message": message}}}})
}

func writeStatus(text []byte) {
	file := filepath.Join(places["statusFolder"].(string), number+".status")
	check(os.WriteFile(file+".new", text, 0o600))
	check(os.Rename(file+".new", file)) // nobody reads half of it
}

func token() map[string]string {
	return map[string]string{"Authorization": "Bearer " + string(read(filepath.Join(disk, "bridge.token")))}
}

// guest sends GET without a message, POST with one.
func guest(verb string, message object) (answer object) {
	method, body := "GET", []byte(nil)
	if message != nil {
		method, body = "POST", encode(message)
	}
	text, err := io.ReadAll(ask(method, bridge+verb, body, token()).Body)
	check(err)
	decode(text, &answer)
	return answer
}

func put(uri string, text []byte) {
	ask("PUT", uri, text, map[string]string{"x-ms-blob-type": "BlockBlob"})
}

func ask(method, uri string, body []byte, headers map[string]string) *http.Response {
	request, err := http.NewRequest(method, uri, bytes.NewReader(body))
	check(err)
	request.Header.Set("x-ms-version", "2020-10-02")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic("no answer") // the error itself has the address with its signature
	}
	if answer.StatusCode >= 300 {
		panic("refused: " + answer.Status)
	}
	return answer
}

func read(file string) []byte {
	content, err := os.ReadFile(file)
	check(err)
	return content
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func unpacked(text string) []byte {
	content, err := base64.StdEncoding.DecodeString(text)
	check(err)
	return content
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	check(err)
	return text
}

func decode(text []byte, into any) { check(json.Unmarshal(text, into)) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}
