# The ledger's bucket and a key, as a team would keep them with a provider of 2019: the lock stands in the bucket itself.
variable "endpoint" {}

variable "ledgers" {
  default = 1
}

variable "keys" {
  default = 1
}

variable "days" {
  default = 2555
}

variable "reader" {
  default = "root"
}

provider "aws" {
  region                      = "eu-central-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  s3_force_path_style         = true
  endpoints {
    kms = var.endpoint
    s3  = var.endpoint
    sts = var.endpoint
  }
}

resource "aws_s3_bucket" "ledger" {
  count  = var.ledgers
  bucket = "acme-ledger"
  versioning {
    enabled = true
  }
  object_lock_configuration {
    object_lock_enabled = "Enabled"
    rule {
      default_retention {
        mode = "COMPLIANCE"
        days = var.days
      }
    }
  }
}

resource "aws_kms_key" "cases" {
  count                   = var.keys
  deletion_window_in_days = 30
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "kms:*"
      Resource  = "*"
      Principal = { AWS = "arn:aws:iam::123456789012:${var.reader}" }
    }]
  })
}
