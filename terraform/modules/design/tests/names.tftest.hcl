variables {
  subscription_id = "00000000-0000-0000-0000-000000000001"
  name            = "mixbatch"
  location        = "westeurope"
}

run "names_keep_to_what_azure_allows" {
  command = plan

  assert {
    condition     = can(regex("^[a-z0-9]{3,24}$", output.names.storage))
    error_message = "Not a storage account's name: ${output.names.storage}"
  }

  assert {
    condition     = can(regex("^[a-zA-Z0-9]{5,50}$", output.names.registry))
    error_message = "Not a registry's name: ${output.names.registry}"
  }

  assert {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{4,48}[a-zA-Z0-9]$", output.names.service_bus)) && !can(regex("(-sb|-mgmt)$", output.names.service_bus))
    error_message = "Not a Service Bus namespace's name: ${output.names.service_bus}"
  }

  assert {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", output.names.gpu_pool))
    error_message = "Not a node pool's name: ${output.names.gpu_pool}"
  }
}

run "longest_name_still_fits" {
  command = plan

  variables {
    name   = "abcdefghijk"
    suffix = "zzzzzz"
  }

  assert {
    condition     = can(regex("^[a-z0-9]{3,24}$", output.names.storage))
    error_message = "Not a storage account's name: ${output.names.storage}"
  }
}

run "another_subscription_gets_other_unique_names" {
  command = plan

  variables {
    subscription_id = "00000000-0000-0000-0000-000000000002"
  }

  assert {
    condition     = output.names.storage != run.names_keep_to_what_azure_allows.names.storage
    error_message = "Two subscriptions would fight for ${output.names.storage}."
  }
}

run "hyphen_in_the_name_is_refused" {
  command = plan

  variables {
    name = "mix-batch"
  }

  expect_failures = [var.name]
}

run "region_with_spaces_is_refused" {
  command = plan

  variables {
    location = "West Europe"
  }

  expect_failures = [var.location]
}
