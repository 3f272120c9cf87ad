# A key as a team would keep it in Terraform. The endpoints alone say that this is not AWS.
variable "endpoint" {}
variable "region" {}
variable "description" {}
variable "rotation" {}
variable "team" {}

provider "aws" {
  region                  = var.region
  skip_metadata_api_check = true
  endpoints {
    iam = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

resource "aws_iam_role" "reader" {
  name                 = "reader"
  max_session_duration = 7200
  tags                 = { team = var.team }
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }
    }]
  })
}

resource "aws_iam_role_policy" "reader" {
  name   = "list"
  role   = aws_iam_role.reader.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:List*", Resource = "*" }] })
}

resource "aws_kms_key" "cases" {
  description             = var.description
  deletion_window_in_days = 7
  enable_key_rotation     = var.rotation
  tags                    = { team = var.team }
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Administrators"
      Effect    = "Allow"
      Action    = "kms:*"
      Resource  = "*"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }
    }]
  })
}

resource "aws_kms_alias" "cases" {
  name          = "alias/cases"
  target_key_id = aws_kms_key.cases.key_id
}

resource "aws_kms_grant" "reader" {
  name              = "reader"
  key_id            = aws_kms_key.cases.key_id
  grantee_principal = aws_iam_role.reader.arn
  operations        = ["Decrypt", "DescribeKey"]
  constraints {
    encryption_context_equals = { case = "7" }
  }
}

output "key" {
  value = aws_kms_key.cases.key_id
}
