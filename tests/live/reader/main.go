// Reads a JSON list of YAML texts and writes a JSON list of what kubectl reads in each of them.
package main

import (
	"encoding/json"
	"log"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		log.Fatal(err)
	}
	values := make([]json.RawMessage, len(texts))
	for i, text := range texts {
		value, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			log.Fatalf("%v in %q", err, text)
		}
		values[i] = value
	}
	if err := json.NewEncoder(os.Stdout).Encode(values); err != nil {
		log.Fatal(err)
	}
}
