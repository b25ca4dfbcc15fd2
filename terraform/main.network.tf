resource "azurerm_virtual_network" "this" {
  name                = local.names.network
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  address_space       = [local.settings.network.address_space]
  tags                = var.tags
}

resource "azurerm_subnet" "nodes" {
  name                 = local.names.nodes_subnet
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [local.settings.network.nodes_subnet]
  service_endpoints    = local.settings.network.private ? [] : ["Microsoft.Storage", "Microsoft.ServiceBus"]
}

resource "azurerm_subnet" "endpoints" {
  name                 = local.names.endpoints_subnet
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [local.settings.network.endpoints_subnet]
}

# Without rules of their own: Azure's defaults let nothing in from the internet, and nothing here listens.
resource "azurerm_network_security_group" "nodes" {
  name                = local.names.nodes_rules
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = var.tags
}

resource "azurerm_network_security_group" "endpoints" {
  name                = local.names.endpoints_rules
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = var.tags
}

resource "azurerm_subnet_network_security_group_association" "nodes" {
  subnet_id                 = azurerm_subnet.nodes.id
  network_security_group_id = azurerm_network_security_group.nodes.id
}

resource "azurerm_subnet_network_security_group_association" "endpoints" {
  subnet_id                 = azurerm_subnet.endpoints.id
  network_security_group_id = azurerm_network_security_group.endpoints.id
}
