# Everything behind private endpoints: apply from a machine that reaches the network.
terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.55, < 5.0"
    }
  }
}

provider "azurerm" {
  features {}
  storage_use_azuread = true # the account takes no keys, from Terraform neither
}

variable "admin_groups" {
  description = "Object ids of the Entra groups that administer the cluster."
  type        = list(string)
}

variable "submitters_group" {
  description = "Object id of the Entra group whose members submit jobs."
  type        = string
}

module "mixbatch" {
  source = "../.."

  name         = "mixpriv"
  location     = "westeurope"
  registry_sku = "Premium"
  network      = { private = true }
  cluster      = { admin_groups = var.admin_groups, diagnostics = true }
  queue        = { sku = "Premium" }
  gpu_pool     = { spot = false, vm_size = "Standard_NC40ads_H100_v5", max_nodes = 2 }
  worker       = { max_replicas = 2, drain_seconds = 120, grace_seconds = 180 }
  people       = { submitters = { data = { principal_id = var.submitters_group } } }
}

output "helm_values" {
  description = "Values of the chart: terraform output -raw helm_values > values.yaml."
  value       = module.mixbatch.helm_values
}
