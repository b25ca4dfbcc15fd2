variables {
  subscription_id = "00000000-0000-0000-0000-000000000001"
  name            = "mixbatch"
  location        = "westeurope"
}

run "defaults_break_no_rule" {
  command = plan

  assert {
    condition     = output.queue.lock_duration == "PT5M" && output.queue.max_delivery_count == 50 && output.queue.duplicate_detection_history_time_window == "PT10M"
    error_message = "Queue: ${jsonencode(output.queue)}"
  }

  assert {
    condition     = contains(output.gpu_pool.taints, "sku=gpu:NoSchedule") && contains(output.gpu_pool.taints, "kubernetes.azure.com/scalesetpriority=spot:NoSchedule")
    error_message = "Taints: ${join(", ", output.gpu_pool.taints)}"
  }

  assert {
    condition     = output.lifecycle_rules.jobs.prefixes == ["jobs/jobs/"] && output.lifecycle_rules.jobs.delete_days == 90
    error_message = "Lifecycle: ${jsonencode(output.lifecycle_rules)}"
  }
}

run "regular_nodes_carry_no_spot_taint_and_may_drain_longer" {
  command = plan

  variables {
    gpu_pool = { spot = false }
    worker   = { drain_seconds = 120, grace_seconds = 180 }
  }

  assert {
    condition     = output.gpu_pool.taints == ["sku=gpu:NoSchedule"] && output.gpu_pool.priority == "Regular" && output.gpu_pool.spot_max_price == null
    error_message = "Pool: ${jsonencode(output.gpu_pool)}"
  }
}

run "private_and_premium_go_together" {
  command = plan

  variables {
    network      = { private = true }
    queue        = { sku = "Premium" }
    registry_sku = "Premium"
  }

  assert {
    condition     = output.settings.network.private
    error_message = "The setting got lost."
  }
}

run "lock_of_half_minutes_is_written_in_seconds" {
  command = plan

  variables {
    queue = { lock_seconds = 90 }
  }

  assert {
    condition     = output.queue.lock_duration == "PT90S"
    error_message = "Lock: ${output.queue.lock_duration}"
  }
}

run "nothing_is_deleted_where_nothing_shall_be" {
  command = plan

  variables {
    storage = { job_days = 0, cool_days = 0 }
  }

  assert {
    condition     = length(output.lifecycle_rules) == 0
    error_message = "Lifecycle: ${jsonencode(output.lifecycle_rules)}"
  }
}

run "private_endpoints_need_a_premium_queue" {
  command = plan

  variables {
    network      = { private = true }
    registry_sku = "Premium"
  }

  expect_failures = [terraform_data.rules]
}

run "private_endpoints_need_a_premium_registry" {
  command = plan

  variables {
    network = { private = true }
    queue   = { sku = "Premium" }
  }

  expect_failures = [terraform_data.rules]
}

run "private_network_lets_no_address_in" {
  command = plan

  variables {
    network      = { private = true, allowed_ips = ["203.0.113.7"] }
    queue        = { sku = "Premium" }
    registry_sku = "Premium"
  }

  expect_failures = [terraform_data.rules]
}

run "spot_nodes_need_many_deliveries" {
  command = plan

  variables {
    queue = { max_delivery_count = 20 }
  }

  expect_failures = [terraform_data.rules]
}

run "spot_nodes_leave_no_time_for_a_long_drain" {
  command = plan

  variables {
    worker = { drain_seconds = 40, grace_seconds = 90 }
  }

  expect_failures = [terraform_data.rules]
}

run "grace_must_exceed_the_drain" {
  command = plan

  variables {
    worker = { drain_seconds = 20, grace_seconds = 25 }
  }

  expect_failures = [terraform_data.rules]
}

run "pod_must_fit_a_node" {
  command = plan

  variables {
    worker = { gpus = 2 }
  }

  expect_failures = [terraform_data.rules]
}

run "more_pods_than_gpus_are_refused" {
  command = plan

  variables {
    worker = { max_replicas = 5 }
  }

  expect_failures = [terraform_data.rules]
}

run "one_container_for_jobs_and_models_is_refused" {
  command = plan

  variables {
    storage = { jobs_container = "same", models_container = "same" }
  }

  expect_failures = [terraform_data.rules]
}

run "blobs_must_outlive_messages" {
  command = plan

  variables {
    storage = { job_days = 14, cool_days = 0 }
  }

  expect_failures = [terraform_data.rules]
}

run "cooling_after_deletion_is_refused" {
  command = plan

  variables {
    storage = { job_days = 20, cool_days = 20 }
  }

  expect_failures = [terraform_data.rules]
}

run "overlapping_ranges_are_refused" {
  command = plan

  variables {
    network = { service_cidr = "10.40.128.0/17", dns_service_ip = "10.40.128.10" }
  }

  expect_failures = [terraform_data.rules]
}

run "subnet_outside_the_network_is_refused" {
  command = plan

  variables {
    network = { nodes_subnet = "10.50.0.0/20" }
  }

  expect_failures = [terraform_data.rules]
}

run "dns_outside_the_services_is_refused" {
  command = plan

  variables {
    network = { dns_service_ip = "10.42.0.10" }
  }

  expect_failures = [terraform_data.rules]
}

run "lock_beyond_five_minutes_is_refused" {
  command = plan

  variables {
    queue = { lock_seconds = 301 }
  }

  expect_failures = [var.queue]
}

run "basic_queue_is_refused" {
  command = plan

  variables {
    queue = { sku = "Basic" }
  }

  expect_failures = [var.queue]
}

run "too_few_deliveries_are_refused" {
  command = plan

  variables {
    queue = { max_delivery_count = 9 }
  }

  expect_failures = [var.queue]
}

run "duplicate_window_beyond_seven_days_is_refused" {
  command = plan

  variables {
    queue = { duplicate_window_minutes = 10081 }
  }

  expect_failures = [var.queue]
}

run "queue_name_with_a_slash_is_refused" {
  command = plan

  variables {
    queue = { name = "a/b" }
  }

  expect_failures = [var.queue]
}

run "size_that_standard_lacks_is_refused" {
  command = plan

  variables {
    queue = { max_size_in_megabytes = 80000 }
  }

  expect_failures = [var.queue]
}

run "message_without_a_day_is_refused" {
  command = plan

  variables {
    queue = { message_days = 0 }
  }

  expect_failures = [var.queue]
}

run "container_name_with_capitals_is_refused" {
  command = plan

  variables {
    storage = { jobs_container = "Jobs" }
  }

  expect_failures = [var.storage]
}

run "unknown_replication_is_refused" {
  command = plan

  variables {
    storage = { replication = "XRS" }
  }

  expect_failures = [var.storage]
}

run "negative_days_are_refused" {
  command = plan

  variables {
    storage = { job_days = -1 }
  }

  expect_failures = [var.storage]
}

run "soft_delete_without_a_day_is_refused" {
  command = plan

  variables {
    storage = { soft_delete_days = 0 }
  }

  expect_failures = [var.storage]
}

run "range_that_is_none_is_refused" {
  command = plan

  variables {
    network = { pod_cidr = "10.244.0.0" }
  }

  expect_failures = [var.network]
}

run "unknown_cluster_tier_is_refused" {
  command = plan

  variables {
    cluster = { sku_tier = "Gold" }
  }

  expect_failures = [var.cluster]
}

run "system_pool_without_nodes_is_refused" {
  command = plan

  variables {
    cluster = { system_min_nodes = 0 }
  }

  expect_failures = [var.cluster]
}

run "node_without_a_gpu_is_refused" {
  command = plan

  variables {
    gpu_pool = { gpus_per_node = 0 }
  }

  expect_failures = [var.gpu_pool]
}

run "unknown_driver_choice_is_refused" {
  command = plan

  variables {
    gpu_pool = { gpu_driver = "Maybe" }
  }

  expect_failures = [var.gpu_pool]
}

run "unknown_registry_sku_is_refused" {
  command = plan

  variables {
    registry_sku = "Gold"
  }

  expect_failures = [var.registry_sku]
}

run "unknown_keda_role_is_refused" {
  command = plan

  variables {
    worker = { keda_role = "admin" }
  }

  expect_failures = [var.worker]
}

run "namespace_with_capitals_is_refused" {
  command = plan

  variables {
    worker = { namespace = "Batch" }
  }

  expect_failures = [var.worker]
}

run "unknown_kind_of_principal_is_refused" {
  command = plan

  variables {
    people = { submitters = { x = { principal_id = "1", principal_type = "Robot" } } }
  }

  expect_failures = [var.people]
}

run "suffix_with_capitals_is_refused" {
  command = plan

  variables {
    suffix = "ABC"
  }

  expect_failures = [var.suffix]
}
