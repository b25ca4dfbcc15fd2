data "azurerm_client_config" "current" {}

# Names, rights, rules and settings. It needs no provider, so all that can be decided without Azure is decided and tested there.
module "design" {
  source = "./modules/design"

  subscription_id = data.azurerm_client_config.current.subscription_id
  name            = var.name
  suffix          = var.suffix
  location        = var.location
  network         = var.network
  cluster         = var.cluster
  gpu_pool        = var.gpu_pool
  queue           = var.queue
  storage         = var.storage
  registry_sku    = var.registry_sku
  worker          = var.worker
  people          = var.people
}

locals {
  names    = module.design.names
  settings = module.design.settings
}

resource "azurerm_resource_group" "this" {
  name     = local.names.resource_group
  location = var.location
  tags     = var.tags
}
