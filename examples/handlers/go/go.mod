module contoso.example/gosnapshot

go 1.19
