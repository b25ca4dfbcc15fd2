// Validates objects of Kubernetes: reads a JSON array from a file, writes one line for each thing that is wrong.
// A validator of kubernetes-models ignores fields that it does not know; a field that it never reads is therefore reported as unknown.
"use strict";
const fs = require("node:fs");

const folders = {
  "keda.sh": "@kubernetes-models/keda/keda.sh",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator/monitoring.coreos.com",
  "azmonitoring.coreos.com": "@kubernetes-models/prometheus-operator/monitoring.coreos.com",
};

async function modelOf({ apiVersion, kind }) {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const models = await import(`${folders[group] ?? (group ? `kubernetes-models/${group}` : "kubernetes-models")}/${version}`);
  return models[kind] ?? models.default?.[kind];
}

// Proxies note which fields are read, by path.
function watch(value, path, read) {
  if (value === null || typeof value !== "object") return value;
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === "symbol" || !Object.hasOwn(target, key)) return target[key];
      read.add(`${path}/${key}`);
      return watch(target[key], `${path}/${key}`, read);
    },
  });
}

function* unread(value, path, read) {
  if (value === null || typeof value !== "object") return;
  for (const key of Object.keys(value)) {
    const inner = `${path}/${key}`;
    if (!Array.isArray(value) && !read.has(inner)) yield inner;
    else yield* unread(value[key], inner, read);
  }
}

// What KEDA's validator does not read, and the Job's below does: a template's metadata, which KEDA takes as they come, and volumes of images, which newer KEDAs know.
// They know identityTenantId as well.
const free = [/^\/spec\/jobTargetRef\/template\/(metadata\/|spec\/volumes\/\d+\/image$)/, /^\/spec\/podIdentity\/identityTenantId$/];

async function main() {
  const objects = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
  // What KEDA makes of a ScaledJob is judged as the Job that Kubernetes will see.
  const jobs = objects.filter(o => o.kind === "ScaledJob").map(o => ({ apiVersion: "batch/v1", kind: "Job", metadata: o.metadata, spec: o.spec.jobTargetRef }));
  for (const object of [...objects, ...jobs]) {
    const name = `${object.kind} ${object.metadata?.name}`;
    const Model = await modelOf(object);
    if (!Model) {
      console.log(`${name}: ${object.apiVersion} has no kind ${object.kind}`);
      continue;
    }
    // The managed Prometheus of Azure has the operator's kinds under a group of its own.
    const judged = object.apiVersion.startsWith("azmonitoring") ? { ...object, apiVersion: object.apiVersion.slice(2) } : object;
    const read = new Set();
    const validate = Model.prototype.validate;
    try {
      validate.call(watch(judged, "", read));
    } catch (error) {
      console.log(`${name}: ${error.message}`);
      continue;
    }
    for (const path of unread(judged, "", read)) if (!free.some(f => f.test(path))) console.log(`${name}: ${path} is unknown`);
  }
}

main();
