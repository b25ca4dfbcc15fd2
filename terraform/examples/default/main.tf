# The stack with its defaults: public services that take Entra tokens only, a spot pool of up to four A100 nodes that is empty while the queue is.
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

variable "location" {
  description = "Azure region with quota for the GPU nodes."
  type        = string
  default     = "westeurope"
}

variable "admin_groups" {
  description = "Object ids of the Entra groups that administer the cluster."
  type        = list(string)
}

variable "image_digest" {
  description = "Digest of the worker's image, sha256 and 64 digits; not known before the image is pushed to the registry that this makes."
  type        = string
  default     = ""
}

module "mixbatch" {
  source = "../.."

  location = var.location
  cluster  = { admin_groups = var.admin_groups }
  image    = { digest = var.image_digest }
}

output "helm_values" {
  description = "Values of the chart: terraform output -raw helm_values > values.yaml."
  value       = module.mixbatch.helm_values
}

output "queue_address" {
  description = "What mixbatch takes as --queue."
  value       = module.mixbatch.queue_address
}

output "store_address" {
  description = "What mixbatch takes as --store."
  value       = module.mixbatch.store_address
}
