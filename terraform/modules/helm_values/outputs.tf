output "values" {
  description = "Values of the chart mixattention-batch, as an object."
  value       = local.values
}

output "yaml" {
  description = "The same as YAML."
  value       = yamlencode(local.values)
}
